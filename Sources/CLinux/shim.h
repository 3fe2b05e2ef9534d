#pragma once
#include <sys/prctl.h>

// Declared by the C library only under _GNU_SOURCE, which Swift's view of it does not have; and spelled out here,
// since including <sys/socket.h> would take its names away from the Glibc module.
struct sockaddr;
extern int accept4(int, struct sockaddr *, unsigned int *, int);
extern unsigned long pthread_self(void);
extern int pthread_setname_np(unsigned long, const char *);

// prctl is variadic, which Swift cannot call.

// accept with close-on-exec in one step, so that no worker inherits it.
static inline int sluice_accept(int listener) { return accept4(listener, 0, 0, 02000000 /* SOCK_CLOEXEC */); }

// At most 15 characters.
static inline int sluice_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

// No privileges are gained by exec from here on.
static inline int sluice_refuse_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// No core file, and no debugger of the same user.
static inline int sluice_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// SIGKILL when the process that started this one ends.
static inline int sluice_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9 /* SIGKILL */, 0, 0, 0); }
