#ifndef SLUICE_CCURL_SHIM_H
#define SLUICE_CCURL_SHIM_H

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

// Swift cannot call variadic C functions: one setter for each kind of argument.
static inline CURLcode sluice_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode sluice_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode sluice_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode sluice_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*sluice_curl_receive)(char *bytes, size_t size, size_t count, void *context);

// Both of libcurl's receiving callbacks have this shape: CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode sluice_curl_set_receive(CURL *handle, CURLoption option, sluice_curl_receive function) {
    return curl_easy_setopt(handle, option, function);
}

static inline CURLMcode sluice_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLcode sluice_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode sluice_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

// Macros with a cast, which Swift does not import.
static const long sluice_curl_auth_basic = (long)CURLAUTH_BASIC;
static const long sluice_curl_auth_digest = (long)CURLAUTH_DIGEST;

// Answers hold keys, requests hold passwords, and libcurl copies both: whatever it lets go of is zeroed first.
static inline void sluice_curl_free(void *memory) {
    if (memory == NULL) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}
static inline void *sluice_curl_realloc(void *memory, size_t size) {
    if (memory == NULL) return malloc(size);
    size_t old = malloc_usable_size(memory);
    if (size <= old && size > 0) return memory;
    void *larger = malloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, memory, old < size ? old : size);
    sluice_curl_free(memory);
    return larger;
}
static inline CURLcode sluice_curl_initialise(void) {
    return curl_global_init_mem(
        CURL_GLOBAL_ALL, malloc, sluice_curl_free, sluice_curl_realloc, strdup, calloc);
}

// OpenSSL would keep what it has decrypted in its read buffer until the next record comes.
static inline CURLcode sluice_curl_cleanse_plaintext(CURL *handle, void *context, void *user) {
    (void)handle, (void)user;
    SSL_CTX_set_options((SSL_CTX *)context, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}
static inline CURLcode sluice_curl_set_cleansing(CURL *handle) {
    return curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, sluice_curl_cleanse_plaintext);
}

// A message's payload is a union.
static inline CURLcode sluice_curl_result(const CURLMsg *message) { return message->data.result; }

#endif
