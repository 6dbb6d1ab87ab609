// Empty: rules over clusters are the server's signals. The file stays, so that an import over 0.3.0 leaves no old class.
