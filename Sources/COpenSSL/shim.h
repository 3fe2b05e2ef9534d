#ifndef SLUICE_COPENSSL_SHIM_H
#define SLUICE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

// A macro with a cast, which Swift does not import.
static inline int sluice_bio_pending(BIO *bio) { return (int)BIO_pending(bio); }

// Without a callback OpenSSL would ask for the passphrase of an encrypted key on the terminal.
static inline int sluice_no_passphrase(char *text, int size, int isWriting, void *context) {
    (void)text, (void)size, (void)isWriting, (void)context;
    return -1;
}
static inline EVP_PKEY *sluice_read_private_key(BIO *bio) {
    return PEM_read_bio_PrivateKey(bio, NULL, sluice_no_passphrase, NULL);
}
static inline X509 *sluice_read_certificate(BIO *bio) {
    return PEM_read_bio_X509(bio, NULL, sluice_no_passphrase, NULL);
}
static inline EVP_PKEY *sluice_read_public_key(BIO *bio) {
    return PEM_read_bio_PUBKEY(bio, NULL, sluice_no_passphrase, NULL);
}

#endif
