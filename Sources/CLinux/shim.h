#pragma once
#include <sys/prctl.h>

// Declared by the C library only under _GNU_SOURCE, which Swift's view of it does not have; and spelled out here,
// since including <sys/socket.h> would take its names away from the Glibc module.
struct sockaddr;
extern int accept4(int, struct sockaddr *, unsigned int *, int);
extern unsigned long pthread_self(void);
extern int pthread_setname_np(unsigned long, const char *);

extern int memfd_create(const char *, unsigned int);

// Some of a file is nothing but zeros from now on, and takes no memory.
extern int fallocate64(int, int, long, long);
static inline int sluice_drop_pages(int file, long offset, long count) {
    return fallocate64(file, 1 | 2 /* FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE */, offset, count);
}

// prctl is variadic, which Swift cannot call.

// accept with close-on-exec in one step, so that no worker inherits it.
static inline int sluice_accept(int listener) { return accept4(listener, 0, 0, 02000000 /* SOCK_CLOEXEC */); }

// Ends that no worker inherits, and that never wait.
extern int pipe2(int *, int);
static inline int sluice_pipe(int *ends) { return pipe2(ends, 02000000 | 04000 /* O_CLOEXEC | O_NONBLOCK */); }

// At most 15 characters.
static inline int sluice_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

// No privileges are gained by exec from here on.
static inline int sluice_refuse_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// So many arenas that malloc takes memory from: each keeps what was freed in it.
extern int mallopt(int, int);
static inline int sluice_limit_arenas(int count) { return mallopt(-8 /* M_ARENA_MAX */, count); }

// No core file, and no debugger of the same user.
static inline int sluice_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// SIGKILL when the process that started this one ends.
static inline int sluice_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9 /* SIGKILL */, 0, 0, 0); }

// Whether a filter of system calls that ends processes can be put into force here: SECCOMP_GET_ACTION_AVAIL asks, and
// changes nothing.
extern long syscall(long, ...);
static inline int sluice_filters_system_calls(void) {
#if defined(__x86_64__)
    const long seccomp = 317;
#else
    const long seccomp = 277;
#endif
    unsigned int kill_process = 0x80000000u;
    return syscall(seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &kill_process) == 0;
}

// Gives up every capability; one that has none needs no right to. 0 for success.
extern int capget(void *, void *);
extern int capset(void *, const void *);
static inline int sluice_drop_capabilities(void) {
    struct { unsigned int version; int process; } header = {0x20080522 /* _LINUX_CAPABILITY_VERSION_3 */, 0};
    struct { unsigned int effective, permitted, inheritable; } sets[2] = {{0, 0, 0}, {0, 0, 0}};
    if (capget(&header, sets) != 0) return -1;
    if ((sets[0].permitted | sets[1].permitted | sets[0].inheritable | sets[1].inheritable) == 0) return 0;
    for (int i = 0; i < 2; i++) sets[i].effective = sets[i].permitted = sets[i].inheritable = 0;
    return capset(&header, sets);
}

// epoll(7) and eventfd(2), of which Swift's view of the C library has nothing. The kernel's struct is packed on x86-64
// alone, and so it stays behind these functions.
struct epoll_event;
extern int epoll_create1(int);
extern int epoll_ctl(int, int, int, struct epoll_event *);
extern int epoll_wait(int, struct epoll_event *, int, int);
extern int eventfd(unsigned int, int);

struct sluice_kernel_event {
    unsigned int events;
    unsigned long long data;
}
#if defined(__x86_64__)
__attribute__((packed))
#endif
;

struct sluice_event {
    unsigned int events;
    unsigned long long data;
};

enum {
    sluice_event_input = 0x001,      // EPOLLIN
    sluice_event_peer_done = 0x2000, // EPOLLRDHUP
    sluice_event_failed = 0x018,     // EPOLLERR | EPOLLHUP
    sluice_event_edge = (int)(1u << 31), // EPOLLET
};

static inline int sluice_epoll_create(void) { return epoll_create1(02000000 /* EPOLL_CLOEXEC */); }

// EPOLL_CTL_ADD or, where it is in already, EPOLL_CTL_MOD.
static inline int sluice_epoll_add(int epoll, int descriptor, unsigned int events, unsigned long long data, int again) {
    struct sluice_kernel_event event;
    event.events = events;
    event.data = data;
    return epoll_ctl(epoll, again ? 3 : 1, descriptor, (struct epoll_event *)&event);
}

static inline int sluice_epoll_remove(int epoll, int descriptor) {
    struct sluice_kernel_event unused = {0, 0};
    return epoll_ctl(epoll, 2, descriptor, (struct epoll_event *)&unused);
}

static inline int sluice_epoll_wait(int epoll, struct sluice_event *events, int count, int milliseconds) {
    struct sluice_kernel_event found[64];
    int got = epoll_wait(epoll, (struct epoll_event *)found, count < 64 ? count : 64, milliseconds);
    for (int i = 0; i < got; i++) {
        events[i].events = found[i].events;
        events[i].data = found[i].data;
    }
    return got;
}

static inline int sluice_eventfd(void) { return eventfd(0, 02000000 | 04000 /* EFD_CLOEXEC | EFD_NONBLOCK */); }

// An open file over a UNIX socket, with some bytes (SCM_RIGHTS, unix(7)); the kernel's structures, which stay behind these
// functions for the same reason.
struct msghdr;
extern long sendmsg(int, const struct msghdr *, int);
extern long recvmsg(int, struct msghdr *, int);

struct sluice_vector {
    void *base;
    unsigned long count;
};

struct sluice_message {
    void *name;
    unsigned int name_size;
    struct sluice_vector *vectors;
    unsigned long vector_count;
    void *control;
    unsigned long control_size;
    int flags;
};

struct sluice_control {
    unsigned long size;
    int level;
    int type;
    int descriptor;
};

// descriptor: -1: none. The number of bytes sent; -1 for failure.
static inline long sluice_send_file(int socket, const void *bytes, unsigned long count, int descriptor) {
    union {
        struct sluice_control header;
        unsigned long room[3];
    } control = {{20, 1 /* SOL_SOCKET */, 1 /* SCM_RIGHTS */, descriptor}};
    struct sluice_vector vector = {(void *)bytes, count};
    struct sluice_message message = {0, 0, &vector, 1, 0, 0, 0};
    if (descriptor >= 0) {
        message.control = &control;
        message.control_size = sizeof control;
    }
    return sendmsg(socket, (const struct msghdr *)&message, 0x4040 /* MSG_NOSIGNAL | MSG_DONTWAIT */);
}

// The number of bytes that came; 0 at the end, -1 for failure. *descriptor: that of the file, or -1.
static inline long sluice_receive_file(int socket, void *bytes, unsigned long count, int *descriptor) {
    union {
        struct sluice_control header;
        unsigned long room[3];
    } control = {{0, 0, 0, -1}};
    struct sluice_vector vector = {bytes, count};
    struct sluice_message message = {0, 0, &vector, 1, &control, sizeof control, 0};
    *descriptor = -1;
    long got = recvmsg(socket, (struct msghdr *)&message, 0x40000000 /* MSG_CMSG_CLOEXEC */);
    if (got > 0 && message.control_size >= 20 && control.header.level == 1 && control.header.type == 1)
        *descriptor = control.header.descriptor;
    return got;
}
