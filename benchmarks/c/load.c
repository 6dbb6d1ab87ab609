/* Load client: one connection, prepared messages, latency (window 1) or throughput (window > 1).
 * cc -O2 load.c -o load
 * load ws|echo|http PORT FILE WARM WINDOW
 * FILE: u32 length, u64 number, bytes; again and again. A message is done when an answer names its
 * number or a higher one: ws the "seq" of a metrics message, echo the count of 64-byte answers,
 * http the count of answers with status 200. A ws file begins with the upgrade request and the
 * hello. The first WARM messages are sent one by one and not counted.
 * Prints: median, p99 and least round trip in µs, seconds and messages of the timed part. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 64, ROOM = 1 << 20 };
enum Kind { WS, ECHO, HTTP };

static enum Kind kind;
static int connection;
static uint8_t room[ROOM + 1];
static size_t filled, taken;
static uint64_t done;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what, const uint8_t *text, size_t size)
{
    fprintf(stderr, "%s: %.*s\n", what, (int)(size < 400 ? size : 400), (const char *)text);
    exit(1);
}

static void send_all(const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(connection, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            fail("send", (const uint8_t *)strerror(errno), 40);
        bytes += sent;
        size -= sent;
    }
}

static void receive(void)
{
    if (taken == filled) {
        taken = filled = 0;
    } else if (filled > ROOM / 2) {
        memmove(room, room + taken, filled - taken);
        filled -= taken;
        taken = 0;
    }
    ssize_t got = recv(connection, room + filled, ROOM - filled, 0);
    if (got <= 0)
        fail("closed", room, filled);
    filled += got;
    room[filled] = 0;
}

static void note_seq(const uint8_t *text, size_t size)
{
    const uint8_t *seq;
    if (size > 16 && !memcmp(text, "{\"type\":\"error\"", 15))
        fail("refused", text, size);
    if (size < 18 || memcmp(text, "{\"type\":\"metrics\"", 17))
        return;
    seq = memmem(text, size, "\"seq\":", 6);
    if (seq) {
        uint64_t number = strtoull((const char *)seq + 6, NULL, 10);
        if (number > done)
            done = number;
    }
}

/* One frame of the server; 0 when it is not whole yet. */
static int take_frame(void)
{
    const uint8_t *p = room + taken;
    size_t have = filled - taken, head = 2, size;
    if (have < 2)
        return 0;
    size = p[1] & 127;
    if (size == 126) {
        if (have < 4)
            return 0;
        size = (size_t)p[2] << 8 | p[3];
        head = 4;
    } else if (size == 127) {
        if (have < 10)
            return 0;
        size = 0;
        for (int i = 0; i < 8; i++)
            size = size << 8 | p[2 + i];
        head = 10;
    }
    if (have < head + size)
        return 0;
    if ((p[0] & 15) == 8)
        fail("closed", p + head + 2, size - 2);
    if ((p[0] & 15) == 1)
        note_seq(p + head, size);
    taken += head + size;
    return 1;
}

static int take_response(void)
{
    char *head = (char *)room + taken, *end = strstr(head, "\r\n\r\n"), *length;
    if (!end)
        return 0;
    if (strncmp(head, "HTTP/1.1 200", 12))
        fail("refused", room + taken, filled - taken);
    length = strcasestr(head, "content-length:");
    if (!length || length > end)
        fail("no length", room + taken, filled - taken);
    size_t size = end + 4 - head + strtoul(length + 15, NULL, 10);
    if (filled - taken < size)
        return 0;
    taken += size;
    done++;
    return 1;
}

static void take_answers(void)
{
    if (kind == ECHO) {
        size_t count = (filled - taken) / ANSWER;
        taken += count * ANSWER;
        done += count;
    } else if (kind == HTTP) {
        while (taken < filled && take_response())
            ;
    } else {
        while (take_frame())
            ;
    }
}

static void upgraded(void)
{
    char *end;
    while (!(end = strstr((char *)room, "\r\n\r\n")))
        receive();
    if (strncmp((char *)room, "HTTP/1.1 101", 12))
        fail("no upgrade", room, filled);
    taken = (uint8_t *)end + 4 - room;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

typedef struct {
    const uint8_t *bytes;
    uint32_t size;
    uint64_t number, sent;
} Message;

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;
    if (!file || fstat(fileno(file), &facts))
        fail("file", (const uint8_t *)path, strlen(path));
    uint8_t *bytes = malloc(facts.st_size);
    *size = fread(bytes, 1, facts.st_size, file);
    fclose(file);
    return bytes;
}

int main(int count, char **words)
{
    if (count != 6)
        return 2;
    kind = !strcmp(words[1], "ws") ? WS : !strcmp(words[1], "echo") ? ECHO : HTTP;
    size_t size, at = 0, messages = 0, next = 0, first = 0, warm = strtoul(words[4], NULL, 10);
    size_t window = strtoul(words[5], NULL, 10);
    uint8_t *file = read_file(words[3], &size);
    Message *list = malloc(size / 12 * sizeof *list + sizeof *list);
    uint64_t *spent = malloc(size / 12 * sizeof *spent + sizeof *spent), begun = 0;
    while (at + 12 <= size) {
        Message *m = list + messages++;
        memcpy(&m->size, file + at, 4);
        memcpy(&m->number, file + at + 4, 8);
        m->bytes = file + at + 12;
        at += 12 + m->size;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address))
        fail("connect", (const uint8_t *)strerror(errno), 40);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (kind == WS) {
        send_all(list[0].bytes, list[0].size);
        upgraded();
        send_all(list[1].bytes, list[1].size);
        next = first = 2;
    }
    size_t oldest = next, timed = next + warm;
    while (oldest < messages) {
        size_t most = oldest < timed ? 1 : window;
        if (oldest == timed && !begun)
            begun = now();
        while (next < messages && next - oldest < most && (next < timed || begun)) {
            list[next].sent = now();
            send_all(list[next].bytes, list[next].size);
            next++;
        }
        receive();
        take_answers();
        uint64_t end = now();
        while (oldest < next && list[oldest].number <= done) {
            if (oldest >= timed)
                spent[oldest - timed] = end - list[oldest].sent;
            oldest++;
        }
    }
    uint64_t whole = now() - begun;
    size_t n = messages - timed;
    (void)first;
    qsort(spent, n, sizeof *spent, ascending);
    printf("%.3f %.3f %.3f %.6f %zu\n", spent[n / 2] / 1e3, spent[n * 99 / 100] / 1e3,
           spent[0] / 1e3, whole / 1e9, n);
    return 0;
}
