#ifndef SLUICE_CSECCOMP_SHIM_H
#define SLUICE_CSECCOMP_SHIM_H

#include <seccomp.h>

// Macros with casts or arguments, which Swift does not see.
static inline unsigned int sluice_seccomp_errno(int code) { return SCMP_ACT_ERRNO((unsigned int)code); }

#endif
