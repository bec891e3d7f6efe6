/* transport.h: Wasserstein distances between weighted atoms.
 *
 * W_p(a, b)^p = int_0^1 |F_a^{-1}(u) - F_b^{-1}(u)|^p du: in one dimension the optimal
 * plan moves mass in order, so the distance is one merge of the two sorted lists. Exact
 * for any weights and different numbers of atoms.                                       */
#ifndef MF_TRANSPORT_H
#define MF_TRANSPORT_H

#include "atoms.h"
#include "core/base/status.h"

/* W_p of two sorted lists of atoms of total weight 1, n >= 1 each; p in [1, inf].
 * Equal masses at +inf (or -inf) are at distance 0; where they differ by more than 1e-12
 * the result is infinite. p = inf is the largest displacement.                          */
double mf_transport_distance(const mf_atom *a, size_t na, const mf_atom *b, size_t nb, double p);

/* Sliced W_p of two measures on the same R^dim:  (mean over directions u of
 * W_p(<u, a>, <u, b>)^p)^(1/p),  u uniform on the unit sphere (draw k of the key's stream
 * is direction k). A Monte Carlo mean: its relative error is about directions^(-1/2), and
 * it is smaller than W_p itself. p in [1, inf).
 * `work` holds a->n + b->n atoms, `u` dim numbers. MF_EDOMAIN: an infinite coordinate;
 * MF_STOPPED: by the flag, with no result.                                              */
mf_status mf_transport_sliced(const mf_measure *a, const mf_measure *b, mf_key key,
                              size_t directions, double p, mf_atom *work, double *u,
                              const mf_flag *stop, double *distance, mf_error *err);

#endif
