/* flow.h: what a solver of the distributional dynamics is: a law rho that moves in its clock.
 *
 * The clock tau = int xi makes Eq. 7 autonomous; t and xi are the binding's. A new solver
 * (particles, a grid, minimising movements) is a file that fills an mf_flow_ops, and a
 * constructor in src/lua/limit; methods and trajectories then work with it.         */
#ifndef MF_FLOW_H
#define MF_FLOW_H

#include "core/base/fields.h"
#include "core/potentials/potential.h"

#include <stdint.h>

typedef struct mf_flow mf_flow;

typedef struct {
    const char *name; /* of the kind of solver, in files */

    /* Towards clock = goal, at most `steps` steps; MF_OK with clock < goal when they are used
     * up. MF_STOPPED when the flag is raised; at the last good state MF_EDIVERGED, when no
     * step is small enough for finite numbers, or what a potential's operation failed with. */
    mf_status (*advance)(mf_flow *, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err);
    mf_measure (*measure)(const mf_flow *); /* a view of the present law                     */
    double (*error)(const mf_flow *);       /* NULL: the head's                              */

    /* R(rho) of Eq. 5, and -dR/dtau (NULL: not known to this solver). */
    mf_status (*risk)(mf_flow *, double *risk, mf_error *err);
    mf_status (*dissipation)(mf_flow *, double *rate, mf_error *err);

    /* Hands over xi as a table, where it is known to the caller only (mf_pace says how), before
     * anything that moves or looks. NULL: the solver is autonomous.                           */
    void (*pace)(mf_flow *, size_t n, const double *clock, const double *xi);

    /* The law and its risk at a clock within the latest step, right after it and before
     * anything else is called; rho is a view until the next call. NULL: the solver cannot
     * look back, and the caller has to step to where it wants to look.                      */
    mf_status (*between)(mf_flow *, double clock, mf_measure *rho, double *risk, mf_error *err);

    /* What the solver knows beyond its head and its law, so that one that was made of the same
     * options goes on with the same bits. `load` fills a solver that was just made, with all
     * fields at hand; what makes no sense is a fault of the fields.                          */
    void (*save)(const mf_flow *, mf_fields_writer *);
    mf_status (*load)(mf_flow *, mf_fields *, mf_error *err);
} mf_flow_ops;

/* The head that every solver starts with. */
struct mf_flow {
    const mf_flow_ops *ops;
    double clock;   /* tau                                     */
    double scale;   /* of the mean features that the solver carries in its state; 0: 1 */
    uint64_t steps; /* accepted ones                           */
    double error;   /* what the solver's text says; NaN: not known */
};

/* ---- files ------------------------------------------------------------------------------- */

/* Writes kind, potential, head, law and state. `mean` are the mean features of the law, by which
 * the potential is known again: rank numbers.                                               */
void mf_flow_save(const mf_flow *, const mf_potential *, const double *mean, mf_fields_writer *);

/* The law that was saved, a view into the block; a fault unless it is one. MF_EINVAL: it lies in
 * another space than the potential's.                                                       */
mf_status mf_flow_saved_law(mf_fields *, const mf_potential *, mf_measure *law, mf_error *err);

/* MF_EINVAL unless this is the potential that the run was saved with, up to rounding: the error names
 * in what it is another. mean as above, of the saved law.                                   */
mf_status mf_flow_same_potential(mf_fields *, const mf_potential *, const double *mean,
                                 mf_error *err);

/* Fills a solver of the saved kind, made of the saved options. */
mf_status mf_flow_load(mf_flow *, mf_fields *, mf_error *err);

#endif
