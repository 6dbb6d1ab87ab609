/* The limit of the transport: u32 length, payload in; 64 bytes out for each message.
 * cc -O2 echo.c -o echo; prints the port that it listens on. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER = 64, MOST = 256, ROOM = 1 << 21 };

static uint8_t room[ROOM];
static const char answers[ANSWER * MOST];

static void serve(int connection)
{
    size_t filled = 0;
    for (;;) {
        ssize_t got = recv(connection, room + filled, ROOM - filled, 0);
        size_t at = 0, count = 0;
        uint32_t size;
        if (got <= 0)
            return;
        filled += got;
        while (filled - at >= 4) {
            memcpy(&size, room + at, 4);
            if (filled - at < 4 + size)
                break;
            at += 4 + size;
            if (++count == MOST) {
                send(connection, answers, sizeof answers, MSG_NOSIGNAL);
                count = 0;
            }
        }
        if (count)
            send(connection, answers, ANSWER * count, MSG_NOSIGNAL);
        memmove(room, room + at, filled - at);
        filled -= at;
    }
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8))
        return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        serve(connection);
        close(connection);
    }
}
