/* sha256.c: FIPS 180-4, for the copy that is hashed while it is written. */
#include "hot_internal.h"

#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__TINYC__)
#include <cpuid.h>
#endif

static const unsigned K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static unsigned turn(unsigned x, int by) { return x >> by | x << (32 - by); }

static void mix_block(unsigned state[8], const unsigned char *p) {
    unsigned w[64], v[8];
    for (int i = 0; i < 16; i++, p += 4)
        w[i] = (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        unsigned a = v[0], e = v[4];
        unsigned t = v[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + K[i] + w[i];
        unsigned s = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6], v[6] = v[5], v[5] = e, v[4] = v[3] + t, v[3] = v[2], v[2] = v[1], v[1] = a, v[0] = t + s;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__TINYC__)
/* With the processor's own instructions, eight times as fast: a library of 20 MB is on the way from a save to its swap.
 * Four words a vector; the state is kept as the instructions want it: {f, e, b, a} and {h, g, d, c}. */
typedef int words __attribute__((vector_size(16)));
typedef unsigned counts __attribute__((vector_size(16)));
#define ADD(a, b) ((words)((counts)(a) + (counts)(b))) /* the builtins want words with a sign, whose sum has a limit */
#if defined(__clang__)
#define LAST_FOUR(a, b) __builtin_shufflevector(a, b, 1, 2, 3, 4)
#define UPPER(a) __builtin_shufflevector(a, a, 2, 3, 2, 3)
#else
#define LAST_FOUR(a, b) __builtin_shuffle(a, b, (words){1, 2, 3, 4})
#define UPPER(a) __builtin_shuffle(a, (words){2, 3, 2, 3})
#endif

__attribute__((target("sha,sse4.1"))) static void mix_quickly(unsigned state[8], const unsigned char *p,
                                                              size_t blocks) {
    words low = {(int)state[5], (int)state[4], (int)state[1], (int)state[0]};
    words high = {(int)state[7], (int)state[6], (int)state[3], (int)state[2]};
    for (; blocks != 0; blocks--, p += 64) {
        const words low_before = low, high_before = high;
        words w[4], k, sum;
        for (int i = 0; i < 4; i++) {
            unsigned four[4];
            memcpy(four, p + 16 * i, 16);
            w[i] = (words){(int)__builtin_bswap32(four[0]), (int)__builtin_bswap32(four[1]),
                           (int)__builtin_bswap32(four[2]), (int)__builtin_bswap32(four[3])};
        }
        /* Written out, so that all that is indexed is known: the words stay in registers. */
#define ROUNDS(i) \
    memcpy(&k, &K[4 * (i)], 16); \
    sum = ADD(w[(i) & 3], k); \
    high = __builtin_ia32_sha256rnds2(high, low, sum); \
    sum = UPPER(sum); \
    low = __builtin_ia32_sha256rnds2(low, high, sum)
#define NEXT(i) \
    sum = LAST_FOUR(w[((i) - 2) & 3], w[((i) - 1) & 3]); \
    w[(i) & 3] = __builtin_ia32_sha256msg2(ADD(__builtin_ia32_sha256msg1(w[(i) & 3], w[((i) - 3) & 3]), sum), \
                                           w[((i) - 1) & 3]); \
    ROUNDS(i)
        ROUNDS(0); ROUNDS(1); ROUNDS(2); ROUNDS(3);
        NEXT(4); NEXT(5); NEXT(6); NEXT(7); NEXT(8); NEXT(9); NEXT(10); NEXT(11);
        NEXT(12); NEXT(13); NEXT(14); NEXT(15);
#undef ROUNDS
#undef NEXT
        low = ADD(low, low_before);
        high = ADD(high, high_before);
    }
    for (int i = 0; i < 2; i++) {
        state[i] = (unsigned)low[3 - i];
        state[i + 4] = (unsigned)low[1 - i];
        state[i + 2] = (unsigned)high[3 - i];
        state[i + 6] = (unsigned)high[1 - i];
    }
}

static int is_quick(void) {
    static int known = -1; /* the background thread's alone */
    unsigned a, b, c, d, extended = 0;
    if (known >= 0) return known;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) extended = b;
    known = __get_cpuid(1, &a, &b, &c, &d) && (extended >> 29 & 1) != 0 && (c >> 19 & 1) != 0;
    return known;
}
#else
static int is_quick(void) { return 0; }
static void mix_quickly(unsigned state[8], const unsigned char *p, size_t blocks) {
    (void)state, (void)p, (void)blocks;
}
#endif

static void mix(unsigned state[8], const unsigned char *p, size_t blocks) {
    if (is_quick()) mix_quickly(state, p, blocks);
    else
        for (; blocks != 0; blocks--, p += 64) mix_block(state, p);
}

void hoti_sha256_begin(hoti_sha256 *hash) {
    static const unsigned first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, first, sizeof first);
    hash->length = 0;
}

void hoti_sha256_add(hoti_sha256 *hash, const void *bytes, size_t count) {
    const unsigned char *p = (const unsigned char *)bytes;
    while (count != 0) {
        size_t at = (size_t)(hash->length % 64), n = 64 - at < count ? 64 - at : count;
        if (at == 0 && count >= 64) {
            n = count / 64 * 64;
            mix(hash->state, p, n / 64);
        } else {
            memcpy(hash->block + at, p, n);
            if (at + n == 64) mix(hash->state, hash->block, 1);
        }
        hash->length += n;
        p += n;
        count -= n;
    }
}

void hoti_sha256_end(hoti_sha256 *hash, char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    static const unsigned char padding[64] = {0x80};
    hoti_u64 bits = hash->length * 8;
    unsigned char size[8];
    for (int i = 0; i < 8; i++) size[i] = (unsigned char)(bits >> (56 - 8 * i));
    hoti_sha256_add(hash, padding, 1 + (size_t)((119 - hash->length % 64) % 64));
    hoti_sha256_add(hash, size, 8);
    for (int i = 0; i < 64; i++) hex[i] = digits[hash->state[i / 8] >> (28 - i % 8 * 4) & 15];
    hex[64] = '\0';
}
