/* A load generator for HTTP/1.1 on loopback: one thread, keep-alive connections, a different body for each request.

   generator PORT PATH BODIES CONNECTIONS COUNT RATE SECONDS
     BODIES   file of bodies, each with its length (32 bits, little-endian) before it; used again from the start when all were sent
     COUNT    requests to send; 0: no bound
     RATE     requests a second, sent when their time has come whatever the answers do; 0: the next when the last is answered
     SECONDS  after which no more are sent; 0: no bound

   At a rate, a request's latency counts from the moment it was due, not from the moment a connection was free for it:
   a server that stalls is charged for every request that it kept waiting (no coordinated omission).
   Prints one line of JSON; times in microseconds. Errors are answers other than 2xx and connections that broke. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 16384
#define LAST_ANSWERS 20000000000LL /* ns that the last answers may take */

typedef struct { char *text; size_t size; } request;
typedef struct { int fd; int busy; int64_t due; size_t have; char answer[ANSWER]; } connection;

static int port, poller, timer;
static request *requests;
static size_t request_count;
static int64_t *latencies;
static size_t latency_count, latency_room;
static uint64_t sent, answered, errors;

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void read_bodies(const char *file, const char *path) {
    FILE *in = fopen(file, "rb");
    uint32_t size;
    size_t room = 0;
    if (!in) fail(file);
    while (fread(&size, 4, 1, in) == 1) {
        char head[512];
        int length = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                              "Content-Length: %u\r\n\r\n", path, size);
        if (request_count == room) {
            room = room ? room * 2 : 1024;
            if (!(requests = realloc(requests, room * sizeof *requests))) fail("memory");
        }
        request *made = &requests[request_count++];
        made->size = length + size;
        if (!(made->text = malloc(made->size))) fail("memory");
        memcpy(made->text, head, length);
        if (fread(made->text + length, 1, size, in) != size) fail("the file of bodies is cut short");
    }
    fclose(in);
    if (!request_count) { fprintf(stderr, "no bodies\n"); exit(1); }
}

static void open_connection(connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    c->busy = 0;
    c->have = 0;
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) fail("epoll_ctl");
}

static void broken(connection *c) {
    if (c->busy) errors++;
    close(c->fd);
    open_connection(c);
}

static void send_on(connection *c, int64_t due) {
    request *next = &requests[sent++ % request_count];
    size_t done = 0;
    c->busy = 1;
    c->due = due;
    while (done < next->size) {
        ssize_t n = send(c->fd, next->text + done, next->size - done, MSG_NOSIGNAL);
        if (n > 0) { done += n; continue; }
        if (errno != EAGAIN) { broken(c); return; }
        struct pollfd room = {.fd = c->fd, .events = POLLOUT};
        poll(&room, 1, 1000);
    }
}

static void note(int64_t latency) {
    if (latency_count == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 1 << 16;
        if (!(latencies = realloc(latencies, latency_room * sizeof *latencies))) fail("memory");
    }
    latencies[latency_count++] = latency;
}

/* Reads what is there. 1: the answer is whole. */
static int receive(connection *c) {
    ssize_t n = recv(c->fd, c->answer + c->have, ANSWER - 1 - c->have, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) { broken(c); return 0; }
    c->have += n;
    c->answer[c->have] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    if (c->have < (size_t)(end + 4 - c->answer) + body) return 0;
    if (c->busy) {
        note(now_ns() - c->due);
        answered++;
        if (c->answer[9] != '2') errors++;
    }
    c->have = 0;
    c->busy = 0;
    return 1;
}

static void wake_at(int64_t ns) {
    struct itimerspec at = {.it_value = {ns / 1000000000LL, ns % 1000000000LL}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double quantile(double q) {
    return latency_count ? latencies[(size_t)(q * (latency_count - 1) + 0.5)] / 1000.0 : 0;
}

int main(int argc, char **argv) {
    if (argc != 8) { fprintf(stderr, "usage: generator PORT PATH BODIES CONNECTIONS COUNT RATE SECONDS\n"); return 2; }
    port = atoi(argv[1]);
    int connection_count = atoi(argv[4]);
    uint64_t most = strtoull(argv[5], NULL, 10);
    double rate = atof(argv[6]), seconds = atof(argv[7]);
    if (!most) most = UINT64_MAX;
    if (rate > 0 && seconds > 0 && (uint64_t)(rate * seconds) < most) most = rate * seconds;
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0); /* by default the kernel wakes a sleeper up to 50 us late */
    read_bodies(argv[3], argv[2]);
    poller = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &tick);
    connection *all = calloc(connection_count, sizeof *all);
    if (!all) fail("memory");
    for (int i = 0; i < connection_count; i++) open_connection(&all[i]);

    int64_t start = now_ns(), end = seconds > 0 ? start + (int64_t)(seconds * 1e9) : INT64_MAX;
    int64_t last_sent = start;
    int waiting = 0, turn = 0;
    for (;;) {
        int64_t now = now_ns();
        /* At a rate the number of requests is the bound: what was due in time is sent, however late. */
        int more = sent < most && (rate > 0 || now < end);
        int idle = 0;
        for (int i = 0; i < connection_count; i++) {
            connection *c = &all[(turn + i) % connection_count];
            if (c->busy) continue;
            int64_t due = rate > 0 ? start + (int64_t)(sent * 1e9 / rate) : now;
            if (more && sent < most && due <= now) { send_on(c, due); last_sent = now; }
            else idle++;
        }
        turn++;
        waiting = connection_count - idle;
        more = sent < most && (rate > 0 || now < end);
        if (!more && !waiting) break;
        if (!more && now - last_sent > LAST_ANSWERS) { errors += waiting; break; }
        if (rate > 0 && more && idle) wake_at(start + (int64_t)(sent * 1e9 / rate));
        struct epoll_event events[256];
        int n = epoll_wait(poller, events, 256, 1000);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) receive(events[i].data.ptr);
            else { uint64_t rung; if (read(timer, &rung, 8) < 0) continue; }
        }
    }
    double took = (now_ns() - start) / 1e9;
    qsort(latencies, latency_count, sizeof *latencies, ascending);
    printf("{\"sent\": %llu, \"answered\": %llu, \"errors\": %llu, \"seconds\": %.6f, \"p50\": %.1f, \"p90\": %.1f, "
           "\"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}\n", (unsigned long long)sent, (unsigned long long)answered,
           (unsigned long long)errors, took, quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999), quantile(1));
    return 0;
}
