/* gauss.c: the Gauss-Legendre rule, from GSL. */
#include "gauss.h"

#include <gsl/gsl_integration.h>

mf_status mf_gauss(size_t n, double low, double high, double *node, double *weight, mf_error *err) {
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(n);
    if (!table)
        return mf_fail(err, MF_ENOMEM, "no memory for a Gauss rule of %zu points", n);
    for (size_t i = 0; i < n; ++i)
        gsl_integration_glfixed_point(low, high, i, &node[i], &weight[i], table);
    gsl_integration_glfixed_table_free(table);
    return MF_OK;
}
