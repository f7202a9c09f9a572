// SPDX-License-Identifier: GPL-3.0-or-later
// A load generator and the server behind it, for the bench of proxies; built by the bench with gcc.
// In C, because one in Python would measure itself: it takes longer for a request than a proxy.
//
//   load serve ADDRESS PORT           GET /N answers with N bytes, keep-alive; prints `ready`
//   load call HOW PROXY PORT ADDRESS PORT CLIENTS SECONDS BYTES [PAUSE_MS]
//       HOW: direct, http, socks, connect: a new connection for each request of BYTES
//            keep-direct, keep-http, keep-socks, keep-connect: one connection for each client
//       PAUSE_MS between the requests of a client. One JSON object on stdout:
//       {requests, failed, seconds, bytes, p50_us, p99_us}; a request cut off by the end of the
//       time counts with its bytes and neither as done nor as failed.
//   load hold HOW PROXY PORT ADDRESS PORT CLIENTS    open connections, print `ready`, wait for stdin
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, STACK = 262144, ANSWER_S = 30 };
static char filler[CHUNK];

static void die(const char *what) {
    perror(what);
    exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in place(const char *address, const char *port) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1) {
        fprintf(stderr, "no IPv4 address: %s\n", address);
        exit(2);
    }
    return where;
}

static pthread_t thread(void *(*work)(void *), void *with) {
    pthread_attr_t how;
    pthread_t made;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    if ((errno = pthread_create(&made, &how, work, with))) die("pthread_create");
    return made;
}

static int put(int fd, const void *data, size_t size) {
    for (const char *at = data; size;) {
        ssize_t done = send(fd, at, size, MSG_NOSIGNAL);
        if (done <= 0) return -1;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

// The server.

static void *answer(void *with) {
    int fd = (int)(long)with, one = 1;
    char head[4096];
    size_t have = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (;;) {
        char *end;
        while (!(head[have] = 0, end = strstr(head, "\r\n\r\n"))) {
            ssize_t got = have < sizeof head - 1 ? recv(fd, head + have, sizeof head - 1 - have, 0) : 0;
            if (got <= 0) goto out;
            have += (size_t)got;
        }
        *end = 0;
        long long size = strncmp(head, "GET /", 5) ? 0 : atoll(head + 5);
        int closing = strcasestr(head, "connection: close") || strstr(head, "HTTP/1.0");
        char line[200];
        int length = snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                              "Content-Length: %lld\r\n%s\r\n", size, closing ? "Connection: close\r\n" : "");
        // One segment for a small answer, as a server would send it.
        char small[CHUNK];
        if (size + length <= (long long)sizeof small) {
            memcpy(small, line, (size_t)length);
            memset(small + length, 'x', (size_t)size);
            if (put(fd, small, (size_t)length + (size_t)size)) goto out;
        } else {
            if (put(fd, line, (size_t)length)) goto out;
            for (long long left = size; left > 0; left -= CHUNK)
                if (put(fd, filler, left < CHUNK ? (size_t)left : CHUNK)) goto out;
        }
        if (closing) goto out;
        size_t used = (size_t)(end + 4 - head);
        memmove(head, head + used, have - used);
        have -= used;
    }
out:
    close(fd);
    return NULL;
}

static void serve(char **argv) {
    struct sockaddr_in where = place(argv[2], argv[3]);
    int one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&where, sizeof where) || listen(door, 4096)) die("listen");
    puts("ready");
    fflush(stdout);
    for (;;) {
        int fd = accept(door, NULL, NULL);
        if (fd >= 0) pthread_detach(thread(answer, (void *)(long)fd));
        else if (errno != EINTR && errno != ECONNABORTED) die("accept");
    }
}

// The clients.

static const char *how, *target, *target_port;
static struct sockaddr_in proxy;
static int keep, pause_ms;
static long long size;
static volatile double deadline;

struct client {
    long requests, failed;
    long long bytes;
    unsigned *times; // microseconds
    long room;
};

static int want(int fd, void *into, size_t count) {
    return recv(fd, into, count, MSG_WAITALL) == (ssize_t)count ? 0 : -1;
}

static int dial(void) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = ANSWER_S};
    unsigned char reply[10];
    char line[300];
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&proxy, sizeof proxy)) goto bad;
    if (!strcmp(how, "socks")) {
        struct sockaddr_in far = place(target, target_port);
        unsigned char ask[10] = {5, 1, 0, 1};
        memcpy(ask + 4, &far.sin_addr, 4);
        memcpy(ask + 8, &far.sin_port, 2);
        if (put(fd, "\5\1\0", 3) || want(fd, reply, 2) || reply[1]) goto bad;
        if (put(fd, ask, 10) || want(fd, reply, 10) || reply[1]) goto bad;
    } else if (!strcmp(how, "connect")) {
        int length = snprintf(line, sizeof line, "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", target,
                              target_port, target, target_port);
        size_t have = 0;
        if (put(fd, line, (size_t)length)) goto bad;
        do { // byte by byte: what follows the head is not ours to take
            if (have == sizeof line - 1 || want(fd, line + have, 1)) goto bad;
            line[++have] = 0;
        } while (!strstr(line, "\r\n\r\n"));
        if (!strstr(line, " 200")) goto bad;
    }
    return fd;
bad:
    close(fd);
    return -1;
}

// 0: a whole answer; 1: the time was over in the middle of it; -1: it failed.
static int ask(int fd, struct client *me) {
    char head[CHUNK];
    const char *through = !strcmp(how, "http") ? "http://" : "";
    size_t have = 0;
    int length = *through ? snprintf(head, sizeof head, "GET http://%s:%s/%lld HTTP/1.1\r\nHost: %s:%s\r\n%s\r\n",
                                     target, target_port, size, target, target_port, keep ? "" : "Connection: close\r\n")
                          : snprintf(head, sizeof head, "GET /%lld HTTP/1.1\r\nHost: %s:%s\r\n%s\r\n", size, target,
                                     target_port, keep ? "" : "Connection: close\r\n");
    char *end = NULL;
    if (put(fd, head, (size_t)length)) return -1;
    while (!end) {
        ssize_t got = have < sizeof head - 1 ? recv(fd, head + have, sizeof head - 1 - have, 0) : 0;
        if (got <= 0) return -1;
        head[have += (size_t)got] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char *told = strcasestr(head, "content-length:");
    if (strncmp(head, "HTTP/1.", 7) || strncmp(head + 8, " 200", 4) || !told || told > end) return -1;
    long long left = atoll(told + 15);
    if (left != size) return -1;
    long long there = (long long)(have - (size_t)(end + 4 - head));
    me->bytes += there;
    for (left -= there; left > 0;) {
        ssize_t got = recv(fd, head, left < CHUNK ? (size_t)left : CHUNK, 0);
        if (got <= 0) return -1;
        me->bytes += got;
        left -= got;
        if (size > CHUNK && now() > deadline) return 1;
    }
    return 0;
}

static void *work(void *with) {
    struct client *me = with;
    int fd = -1;
    while (now() < deadline) {
        double began = now();
        if (fd < 0) fd = dial();
        int ended = fd < 0 ? -1 : ask(fd, me);
        if (ended == 0) {
            if (me->requests == me->room) {
                me->room = me->room ? 2 * me->room : 4096;
                if (!(me->times = realloc(me->times, (size_t)me->room * sizeof *me->times))) die("realloc");
            }
            me->times[me->requests++] = (unsigned)((now() - began) * 1e6);
        } else if (ended < 0) {
            me->failed++;
        }
        if (fd >= 0 && (!keep || ended)) {
            close(fd);
            fd = -1;
        }
        if (ended < 0) usleep(1000); // a proxy that refuses is not to be asked a million times
        if (pause_ms) usleep((useconds_t)pause_ms * 1000);
    }
    if (fd >= 0) close(fd);
    return NULL;
}

static int smaller(const void *one, const void *other) {
    unsigned a = *(const unsigned *)one, b = *(const unsigned *)other;
    return (a > b) - (a < b);
}

static void call(int argc, char **argv) {
    int clients = atoi(argv[7]);
    double seconds = atof(argv[8]), began = now();
    struct client *all = calloc((size_t)clients, sizeof *all);
    pthread_t *threads = calloc((size_t)clients, sizeof *threads);
    long requests = 0, failed = 0, at = 0;
    long long bytes = 0;
    if (!all || !threads) die("calloc");
    size = atoll(argv[9]);
    pause_ms = argc > 10 ? atoi(argv[10]) : 0;
    deadline = began + seconds;
    for (int i = 0; i < clients; i++) threads[i] = thread(work, all + i);
    for (int i = 0; i < clients; i++) {
        pthread_join(threads[i], NULL);
        requests += all[i].requests;
        failed += all[i].failed;
        bytes += all[i].bytes;
    }
    double took = now() - began;
    unsigned *times = calloc((size_t)requests + 1, sizeof *times);
    if (!times) die("calloc");
    for (int i = 0; i < clients; i++) {
        if (all[i].requests) memcpy(times + at, all[i].times, (size_t)all[i].requests * sizeof *times);
        at += all[i].requests;
    }
    qsort(times, (size_t)requests, sizeof *times, smaller);
    printf("{\"requests\": %ld, \"failed\": %ld, \"seconds\": %.6f, \"bytes\": %lld, \"p50_us\": %u, \"p99_us\": %u}\n",
           requests, failed, took, bytes, times[requests / 2], times[requests * 99 / 100]);
}

static void hold(char **argv) {
    int clients = atoi(argv[7]), open = 0;
    for (int i = 0; i < clients; i++) open += dial() >= 0;
    printf("ready %d\n", open);
    fflush(stdout);
    while (getchar() != EOF) {}
}

int main(int argc, char **argv) {
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    memset(filler, 'x', sizeof filler);
    if (argc == 4 && !strcmp(argv[1], "serve")) serve(argv);
    if (argc < 8) {
        fputs("usage: load serve ADDRESS PORT | call HOW PROXY PORT ADDRESS PORT CLIENTS SECONDS BYTES [PAUSE_MS]"
              " | hold HOW PROXY PORT ADDRESS PORT CLIENTS\n", stderr);
        return 2;
    }
    how = argv[2];
    keep = !strncmp(how, "keep-", 5);
    if (keep) how += 5;
    proxy = place(argv[3], argv[4]);
    target = argv[5];
    target_port = argv[6];
    if (!strcmp(argv[1], "call") && argc >= 10) call(argc, argv);
    else if (!strcmp(argv[1], "hold")) hold(argv);
    else return 2;
    return 0;
}
