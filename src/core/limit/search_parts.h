/* search_parts.h: a search's two ways to look for minima (search_panels.c for one coordinate,
 * search_starts.c for more) and what both use (search.c).                                    */
#ifndef MF_SEARCH_PARTS_H
#define MF_SEARCH_PARTS_H

#include "search.h"

typedef struct mf_search_panels mf_search_panels;
typedef struct mf_search_starts mf_search_starts;

struct mf_search {
    const mf_potential *potential;
    size_t dim, rank;
    double *low, *high;    /* of t, dim each                                              */
    double *theta, *value; /* minima found so far, MF_SEARCH_MINIMA columns, best first   */
    size_t found;
    void *scratch;    /* of the potential, for MF_SEARCH_CHUNK atoms                 */
    mf_status status; /* the potential's first failure in this search                */
    mf_error *err;
    mf_search_panels *one;  /* one coordinate, or                                          */
    mf_search_starts *more; /* more                                                        */
};

enum { MF_SEARCH_CHUNK = 256 }; /* starts evaluated at a time */

/* <g, f> and its slopes at n points. After a failure, which `status` keeps, values are NaN and
 * slopes 0, so that whoever looks for more stops soon.                                      */
void mf_search_field(mf_search *, const double *g, size_t n, const double *theta, double *value,
                     double *grad);

/* Inserts a minimum in the order of values; the worst falls out when there is no room. */
void mf_search_keep(mf_search *, const double *theta, double value);

/* The minima that were kept, or what went wrong. */
mf_status mf_search_finish(mf_search *, double bound, mf_minima *out, mf_error *err);

/* Either way: made (then freed by the caller also after a failure), asked, freed. */
mf_status mf_search_panels_new(mf_search *, double tol, mf_error *err);
mf_status mf_search_panels_minima(mf_search *, const double *g, mf_minima *out, mf_error *err);
void mf_search_panels_free(mf_search_panels *); /* NULL is allowed */

mf_status mf_search_starts_new(mf_search *, size_t starts, mf_error *err);
mf_status mf_search_starts_minima(mf_search *, const double *g, mf_minima *out, mf_error *err);
void mf_search_starts_free(mf_search_starts *);

#endif
