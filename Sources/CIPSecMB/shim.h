#pragma once
#include <intel-ipsec-mb.h>
#include <string.h>

#define SLUICE_MAXIMUM_CHAINS 16

// Some bytes of a message, a multiple of 16, for whose length the library counts in 16 bits.
typedef struct {
    const void *keys;
    const uint8_t *iv;
    const uint8_t *source;
    uint8_t *target;
    uint32_t count;
} sluice_chain;

// IMB_JOB has unions without names, and the calls are macros over the manager's pointers. All are done when this returns.
static inline int sluice_encrypt_cbc(IMB_MGR *manager, const sluice_chain *chains, uint32_t count) {
    IMB_JOB jobs[SLUICE_MAXIMUM_CHAINS];
    if (count > SLUICE_MAXIMUM_CHAINS) return 0;
    memset(jobs, 0, sizeof jobs[0] * count);
    for (uint32_t index = 0; index < count; index++) {
        IMB_JOB *job = &jobs[index];
        job->cipher_mode = IMB_CIPHER_CBC;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->hash_alg = IMB_AUTH_NULL;
        job->chain_order = IMB_ORDER_CIPHER_HASH;
        job->enc_keys = chains[index].keys;
        job->key_len_in_bytes = IMB_KEY_128_BYTES;
        job->iv = chains[index].iv;
        job->iv_len_in_bytes = 16;
        job->src = chains[index].source;
        job->dst = chains[index].target;
        job->msg_len_to_cipher_in_bytes = chains[index].count;
    }
    if (IMB_SUBMIT_CIPHER_BURST(manager, jobs, count, IMB_CIPHER_CBC, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES) != count)
        return 0;
    for (uint32_t index = 0; index < count; index++)
        if (jobs[index].status != IMB_STATUS_COMPLETED) return 0;
    return 1;
}

// The key stream from a whole counter block of 16 bytes on, of which the library counts the last 32 bits. A count of 0 is refused.
static inline int sluice_encrypt_ctr(
    IMB_MGR *manager, const void *keys, const uint8_t *counter, const uint8_t *source, uint8_t *target, uint64_t count) {
    IMB_JOB job;
    memset(&job, 0, sizeof job);
    job.cipher_mode = IMB_CIPHER_CNTR;
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.hash_alg = IMB_AUTH_NULL;
    job.chain_order = IMB_ORDER_CIPHER_HASH;
    job.enc_keys = keys;
    job.key_len_in_bytes = IMB_KEY_128_BYTES;
    job.iv = counter;
    job.iv_len_in_bytes = 16;
    job.src = source;
    job.dst = target;
    job.msg_len_to_cipher_in_bytes = count;
    return IMB_SUBMIT_CIPHER_BURST(manager, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES) == 1
        && job.status == IMB_STATUS_COMPLETED;
}

// Both schedules are made at once; the second one, for decrypting, is not wanted.
static inline void sluice_expand_key(IMB_MGR *manager, const uint8_t *key, void *schedule, void *unwanted) {
    IMB_AES_KEYEXP_128(manager, key, schedule, unwanted);
}
