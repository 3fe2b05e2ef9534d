#ifndef SLUICE_CMAXMINDDB_SHIM_H
#define SLUICE_CMAXMINDDB_SHIM_H

#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

// Swift imports no struct with a member of 128 bits, so what is known of one stays here.

/// NULL, with the library's code, where the file is none.
static inline void *sluice_country_database_open(const char *path, int *error) {
    MMDB_s *database = (MMDB_s *)calloc(1, sizeof(MMDB_s));
    *error = database ? MMDB_open(path, MMDB_MODE_MMAP, database) : MMDB_OUT_OF_MEMORY_ERROR;
    if (*error == MMDB_SUCCESS) return database;
    free(database);
    return NULL;
}

static inline void sluice_country_database_close(void *database) {
    MMDB_close((MMDB_s *)database);
    free(database);
}

/// Two letters of the country of an address of 4 or 16 bytes; false where the database has none.
static inline bool sluice_country_database_find(const void *database, const uint8_t *bytes, int count, uint8_t letters[2]) {
    const MMDB_s *found = (const MMDB_s *)database;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (count == 4) memcpy(&v4.sin_addr, bytes, 4);
    else memcpy(&v6.sin6_addr, bytes, 16);
    int error = MMDB_SUCCESS;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(
        found, count == 4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6, &error);
    if (error != MMDB_SUCCESS || !result.found_entry) return false;
    // Where an address is; else, as of some satellites, where its network is registered.
    const char *paths[2][3] = {{"country", "iso_code", NULL}, {"registered_country", "iso_code", NULL}};
    for (int index = 0; index < 2; index++) {
        MMDB_entry_data_s data;
        if (MMDB_aget_value(&result.entry, &data, paths[index]) != MMDB_SUCCESS || !data.has_data) continue;
        if (data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2) continue;
        memcpy(letters, data.utf8_string, 2);
        return true;
    }
    return false;
}

static inline const char *sluice_country_database_reason(int error) { return MMDB_strerror(error); }

#endif
