/* dataset.c: the examples of a data set in the order of their epochs. */
#include "dataset.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { PIECE = 256 }; /* cards dealt at a time, with the uniforms of one draw */

/* ---- its numbers ------------------------------------------------------------------------- */

static void put_halves(uint64_t x, double *half) {
    half[0] = (double)(x >> 32);
    half[1] = (double)(x & UINT32_MAX);
}

static uint64_t of_halves(const double *half) {
    return (uint64_t)half[0] << 32 | (uint64_t)half[1];
}

void mf_dataset_numbers(const mf_dataset *set, double number[MF_DATASET_NUMBERS]) {
    number[0] = (double)set->n;
    number[1] = set->cyclic;
    number[2] = set->has_seed;
    put_halves(set->seed, number + 3);
    put_halves(set->checksum, number + 5);
}

mf_dataset mf_dataset_of(const mf_distribution *law) {
    const double *number = law->number;
    return (mf_dataset){(size_t)number[0], number[1] != 0, number[2] != 0, of_halves(number + 3),
                        of_halves(number + 5)};
}

static bool is_whole(double x, double low, double high) {
    return x >= low && x <= high && x == floor(x);
}

static bool valid(const mf_distribution *law) {
    if (law->numbers != MF_DATASET_NUMBERS)
        return false;
    bool fine = is_whole(law->number[0], 1, MF_EXAMPLES_MAX);
    for (size_t i = 1; i < MF_DATASET_NUMBERS; ++i)
        fine = fine && is_whole(law->number[i], 0, i < 3 ? 1 : UINT32_MAX);
    return fine && (!law->examples || law->examples->n == mf_dataset_of(law).n);
}

static const char *order_of(const mf_dataset *set) {
    return set->cyclic ? "cyclic" : "shuffle";
}

mf_status mf_dataset_check_same(const mf_distribution *kept, const mf_distribution *given,
                                mf_error *err) {
    mf_dataset a = mf_dataset_of(kept), b = mf_dataset_of(given);
    if (a.n != b.n || kept->d != given->d)
        return mf_fail(err, MF_EINVAL, "it had %zu examples of %zu numbers, not %zu of %zu", a.n,
                       kept->d, b.n, given->d);
    if (a.checksum != b.checksum)
        return mf_fail(err, MF_EINVAL,
                       "its examples had the checksum %016" PRIx64 ", these have %016" PRIx64,
                       a.checksum, b.checksum);
    if (a.cyclic != b.cyclic)
        return mf_fail(err, MF_EINVAL, "it had order = '%s', not '%s'", order_of(&a), order_of(&b));
    if (a.has_seed != b.has_seed)
        return mf_fail(err, MF_EINVAL, "it had %s", a.has_seed ? "a seed of its own" : "no seed");
    if (a.seed != b.seed)
        return mf_fail(err, MF_EINVAL, "it had seed = %" PRIu64 ", not %" PRIu64, a.seed, b.seed);
    return MF_OK;
}

/* ---- epochs ------------------------------------------------------------------------------- */

size_t mf_dataset_deck_bytes(const mf_dataset *set) {
    return sizeof(mf_deck) + (set->cyclic ? 0 : set->n * sizeof(uint32_t));
}

size_t mf_law_deck_bytes(const mf_distribution *law) {
    if (!mf_law_is_dataset(law))
        return 0;
    mf_dataset set = mf_dataset_of(law);
    return mf_dataset_deck_bytes(&set);
}

/* Makes known at least the first `wanted` cards of an epoch. */
static void deal(mf_deck *deck, size_t n, uint64_t seed, uint64_t epoch, size_t wanted) {
    if (!deck->open || deck->seed != seed || deck->epoch != epoch) {
        *deck = (mf_deck){.open = true, .seed = seed, .epoch = epoch};
        for (size_t i = 0; i < n; ++i)
            deck->card[i] = (uint32_t)i;
    }
    while (deck->dealt < wanted) {
        double u[PIECE];
        uint64_t pieces = (n + PIECE - 1) / PIECE;
        mf_rng_uniforms((mf_key){seed, MF_STREAM_ORDER}, epoch * pieces + deck->dealt / PIECE,
                        PIECE, u);
        for (size_t j = 0; j < PIECE && deck->dealt < n; ++j) {
            uint32_t *first = deck->card + deck->dealt, taken;
            uint32_t *other = first + (size_t)(u[j] * (double)(n - deck->dealt));
            taken = *other, *other = *first, *first = taken;
            ++deck->dealt;
        }
    }
}

static void sample(const mf_distribution *law, mf_key key, uint64_t first, size_t count, double *X,
                   size_t ldx, double *y) {
    const mf_examples *from = law->examples;
    const mf_dataset set = mf_dataset_of(law);
    const uint64_t seed = set.has_seed ? set.seed : key.seed;
    for (size_t k = 0; k < count; ++k) {
        uint64_t at = first + k + set.n - 1; /* sample 1 opens epoch 1, sample 0 ends epoch 0 */
        size_t i = (size_t)(at % set.n);
        if (!set.cyclic) {
            deal(law->deck, set.n, seed, at / set.n, i + 1);
            i = law->deck->card[i];
        }
        memcpy(X + k * ldx, from->X + i * law->d, law->d * sizeof *X);
        y[k] = from->y[i];
    }
}

const mf_law_ops mf_law_dataset = {.name = "dataset", .valid = valid, .sample = sample};
