/* meanfield.h: libmeanfield, the mathematics of meanfield without Lua, in one header.
 *
 * Each header's head says what it computes; docs/c.md shows how a program is built. The list is the
 * public part of src/core, and what is installed. All names start with mf_ or MF_. What is written
 * here may change between versions 0.x; the library says its own by mf_version().                */
#ifndef MEANFIELD_H
#define MEANFIELD_H

/* base: starting the library, statuses and errors, threads, random numbers, files */
#include "core/base/fields.h"
#include "core/base/isa.h"
#include "core/base/library.h"
#include "core/base/parallel.h"
#include "core/base/rng.h"
#include "core/base/status.h"
#include "core/base/store.h"
#include "core/base/table.h"

/* measures: weighted atoms, what their coordinates are, histograms, distances */
#include "core/measure/atoms.h"
#include "core/measure/density.h"
#include "core/measure/measure.h"
#include "core/measure/space.h"
#include "core/measure/transport.h"

/* the model: laws of examples, activations, losses, initial laws, step schedules */
#include "core/model/activation.h"
#include "core/model/dataset.h"
#include "core/model/distribution.h"
#include "core/model/init.h"
#include "core/model/leap.h"
#include "core/model/loss.h"
#include "core/model/number.h"
#include "core/model/schedule.h"

/* N neurons: risks, SGD */
#include "core/network/descend.h"
#include "core/network/risk.h"
#include "core/network/start.h"
#include "core/sgd/sgd.h"

/* V and U as feature maps */
#include "core/potentials/affine.h"
#include "core/potentials/potential.h"
#include "core/potentials/radial.h"
#include "core/potentials/relu.h"
#include "core/potentials/sampled.h"
#include "core/potentials/two_radius.h"

/* the limit: flows, optima, their stability, proofs */
#include "core/limit/cells.h"
#include "core/limit/flow.h"
#include "core/limit/fluctuations.h"
#include "core/limit/gibbs.h"
#include "core/limit/grid.h"
#include "core/limit/jko.h"
#include "core/limit/noisy.h"
#include "core/limit/optimum.h"
#include "core/limit/particles.h"
#include "core/limit/stability_lemma1.h"
#include "core/limit/stability_point_mass.h"
#include "core/limit/stability_rest.h"
#include "core/limit/stability_spectrum.h"
#include "core/proof/proof.h"

#endif
