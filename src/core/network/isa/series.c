/* series.c: short power series for one neuron against many, by Horner's rule.
 *
 * acc[j] = sum_k ci[k ld] c[k ld + j] z[j]^k. Thirty-two sums stay in registers while the
 * terms stream by once from the second-level cache.                                       */
#include "core/network/kernels.h"

enum { GROUP = 32 };

void MF_ISA(mf_series)(size_t n, size_t terms, size_t ld, const double *ci, const double *c,
                       const double *z, double *acc) {
    size_t j = 0;
    for (; j + GROUP <= n; j += GROUP) {
        double sum[GROUP] = {0}, at[GROUP];
        for (size_t u = 0; u < GROUP; ++u)
            at[u] = z[j + u];
        for (size_t k = terms; k-- > 0;) {
            double factor = ci[k * ld];
            const double *restrict row = c + k * ld + j;
            for (size_t u = 0; u < GROUP; ++u)
                sum[u] = sum[u] * at[u] + factor * row[u];
        }
        for (size_t u = 0; u < GROUP; ++u)
            acc[j + u] = sum[u];
    }
    for (; j < n; ++j) {
        double sum = 0;
        for (size_t k = terms; k-- > 0;)
            sum = sum * z[j] + ci[k * ld] * c[k * ld + j];
        acc[j] = sum;
    }
}
