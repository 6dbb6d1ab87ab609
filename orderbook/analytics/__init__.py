"""The analytics of docs/analytics.md, one subject a module, each with its kernels."""
