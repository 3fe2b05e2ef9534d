#ifndef SLUICE_CCURL_SHIM_H
#define SLUICE_CCURL_SHIM_H

#include <curl/curl.h>

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
static const long sluice_curl_global_all = (long)CURL_GLOBAL_ALL;

// A message's payload is a union.
static inline CURLcode sluice_curl_result(const CURLMsg *message) { return message->data.result; }

#endif
