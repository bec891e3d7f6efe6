/* distribution.c: the laws by name, and what is the same for all. */
#include "distribution.h"

#include "core/base/blas.h"
#include "dataset.h"

#include <string.h>

static bool no_numbers(const mf_distribution *law) {
    return law->numbers == 0;
}

const mf_law_ops mf_law_custom = {.name = "custom", .valid = no_numbers};

static const mf_law_ops *const laws[] = {&mf_law_isotropic,   &mf_law_anisotropic, &mf_law_mixture,
                                         &mf_law_multi_index, &mf_law_dataset,     &mf_law_custom};

const mf_law_ops *mf_law_find(const char *name) {
    for (size_t i = 0; i < sizeof laws / sizeof *laws; ++i)
        if (strcmp(laws[i]->name, name) == 0)
            return laws[i];
    return NULL;
}

bool mf_law_is_valid(const mf_distribution *law) {
    return law->ops && law->d > 0 && mf_blas_fits(law->d) && (!law->numbers || law->number) &&
           law->ops->valid(law);
}

mf_status mf_distribution_sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n,
                                 double *X, size_t ldx, double *y, mf_error *err) {
    if (mf_law_is_fed(law))
        return mf_fail(err, MF_EUNSUPPORTED, "the samples of this law come from outside");
    if (y && mf_law_is_unlabelled(law))
        return mf_fail(err, MF_EUNSUPPORTED, "the labels of this law come from outside");
    if (mf_law_is_dataset(law) && !(law->examples && law->deck))
        return mf_fail(err, MF_EUNSUPPORTED, "the examples of this data set are not at hand");
    if (ldx < law->d)
        return mf_fail(err, MF_EINVAL, "rows of %zu numbers cannot lie %zu apart", law->d, ldx);
    law->ops->sample(law, key, first, n, X, ldx, y);
    return MF_OK;
}
