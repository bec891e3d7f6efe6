/* dataset.h: a finite data set, visited in epochs.
 *
 * Sample m = 1, 2, ... is example pi_e(i) of the n there are, with e = ceil(m/n) and i the place of m in
 * epoch e: in each epoch every example comes once. pi_e is the identity (cyclic) or a uniformly random
 * permutation (shuffle), a function of the seed and e: Fisher's and Yates' exchange of card i with one
 * of the cards i .. n-1, so that dealing the first cards of an epoch costs no more than they.
 * Numbers of the law: n; 0 shuffle, 1 cyclic; 1 if the set has a seed of its own, else 0: the key's counts;
 * that seed and the checksum of all X, then y, as two halves of 32 bits each, high and low.
 * Files hold these and not the examples.                                                       */
#ifndef MF_DATASET_H
#define MF_DATASET_H

#include "distribution.h"

#define MF_EXAMPLES_MAX UINT32_MAX

enum { MF_DATASET_NUMBERS = 7 };

struct mf_examples {
    size_t n;
    const double *X, *y; /* n x d, row-major; n */
};

/* The order of the epoch that was drawn from last: it changes what a draw costs, not what it gives. */
struct mf_deck {
    bool open;
    uint64_t seed, epoch;
    size_t dealt;
    uint32_t card[];
};

static inline bool mf_law_is_dataset(const mf_distribution *law) {
    return law->ops == &mf_law_dataset;
}

typedef struct {
    size_t n;
    bool cyclic, has_seed;
    uint64_t seed, checksum;
} mf_dataset;

void mf_dataset_numbers(const mf_dataset *, double number[MF_DATASET_NUMBERS]);
mf_dataset mf_dataset_of(const mf_distribution *);

/* Bytes of a deck, which is zeroed at first; 0 for laws that are no data set. */
size_t mf_dataset_deck_bytes(const mf_dataset *);
size_t mf_law_deck_bytes(const mf_distribution *);

/* MF_EINVAL, saying in what they differ, unless both are the same data in the same order. */
mf_status mf_dataset_check_same(const mf_distribution *kept, const mf_distribution *given,
                                mf_error *err);

#endif
