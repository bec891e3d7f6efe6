/* shared.h: particles with all of SGD's step noise to first order in eps d, what neurons share included.
 *
 * Steps alternate: half a step of the overlaps, the particles' (particles.h) in a field that the
 * overlaps shift, half a step of the overlaps: of second order in the steps that the particles
 * choose. The risk is that of yhat with its odd part.                                        */
#ifndef MF_SHARED_H
#define MF_SHARED_H

#include "particles.h"

/* Bytes of a run, or 0 if it does not fit; a potential with `odd`, J <=
 * MF_OVERLAPS_MOST, eps > 0, without rates, scale, and birth and death.                       */
size_t mf_shared_bytes(const mf_particles_spec *);
mf_flow *mf_shared_init(void *mem, const mf_particles_spec *);

/* The particles, to be filled. */
mf_flow *mf_shared_particles(mf_flow *);

#endif
