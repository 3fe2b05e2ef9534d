#ifndef SLUICE_CTESTTLS_SHIM_H
#define SLUICE_CTESTTLS_SHIM_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#endif
