/* doors.c: what a caller must not hand over is refused at the door, in every build: by a status, by
 * NaNs that the next door refuses, or by a size of 0. Nothing rests on an assert.                */
#include "check.h"
#include "core/model/dataset.h"
#include "core/model/init.h"
#include "core/model/schedule.h"
#include "core/network/descend.h"
#include "core/network/risk.h"
#include "core/sgd/sgd.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

static const double half = 0.5;
static const mf_activation relu = {.kind = MF_ACT_PIECEWISE, .knots = 1, .slope_right = 1};

static void laws(void) {
    double x[4], y[2];
    mf_error err;
    mf_distribution fed = {.ops = &mf_law_custom, .d = 2};
    mf_distribution law = {.ops = &mf_law_isotropic, .d = 2, .numbers = 1, .number = &half};
    expect(mf_distribution_sample(&fed, (mf_key){1, 1}, 0, 2, x, 2, y, &err) == MF_EUNSUPPORTED,
           "a law of the caller's own is not sampled");
    expect(mf_distribution_sample(&law, (mf_key){1, 1}, 0, 2, x, 1, y, &err) == MF_EINVAL,
           "rows do not overlap");
    expect(mf_distribution_sample(&law, (mf_key){1, 1}, 0, 2, x, 2, y, &err) == MF_OK,
           "else it is");
    expect(mf_law_is_valid(&law) && mf_law_is_valid(&fed), "laws are valid");
    double number[MF_DATASET_NUMBERS];
    mf_dataset_numbers(&(mf_dataset){.n = 2}, number);
    mf_distribution set = {
            .ops = &mf_law_dataset, .d = 2, .numbers = MF_DATASET_NUMBERS, .number = number};
    expect(mf_law_is_valid(&set), "a data set is a law without its examples, too");
    expect(mf_distribution_sample(&set, (mf_key){1, 1}, 1, 2, x, 2, y, &err) == MF_EUNSUPPORTED,
           "but is not sampled without them");
    number[0] = 0;
    expect(!mf_law_is_valid(&set), "nor is it one without any");
    law.d = (size_t)INT_MAX + 1;
    expect(!mf_law_is_valid(&law), "a d that BLAS cannot take makes no law");
    expect(mf_risk_scratch(&law, 1) == 0, "nor an exact risk");
    mf_descend_spec spec = {.law = law, .activation = relu, .N = 1, .terms = 8};
    mf_descent out;
    expect(mf_descend(&spec, x, &out, NULL, &err) == MF_EINVAL, "nor a descent");
    law.d = 2;
    expect(mf_risk_scratch(&law, (size_t)INT_MAX + 1) == 0, "nor so many neurons");
    spec = (mf_descend_spec){.law = law, .activation = relu, .N = (size_t)INT_MAX + 1, .terms = 8};
    expect(mf_descend(&spec, x, &out, NULL, &err) == MF_EINVAL, "nor a descent of these");
    law.number = NULL;
    expect(!mf_law_is_valid(&law), "numbers that are not there make no law");
}

static void starts_and_schedules(void) {
    double r[6];
    mf_init init = {.ops = &mf_init_custom};
    mf_schedule xi = {.kind = MF_SCHEDULE_CUSTOM, .value = 1};
    mf_init_radii(&init, 5, 2, r, NULL);
    mf_init_two_radii(&init, 5, 2, 0.4, 2, NULL, NULL, r + 2, r + 4, NULL);
    for (int i = 0; i < 6; ++i)
        expect(isnan(r[i]), "radii of a law of the caller's own are NaN");
    expect(isnan(mf_schedule_xi(&xi, 1)) && isnan(mf_schedule_clock(&xi, 1)) &&
                   isnan(mf_schedule_time(&xi, 1)),
           "so are values of a schedule of his own");
}

static void steps(void) {
    mf_error err;
    mf_sgd_spec spec = {.law = {.ops = &mf_law_isotropic, .d = 2, .numbers = 1, .number = &half},
                        .sigma = relu,
                        .N = 1,
                        .eps = 0.1,
                        .xi = {.kind = MF_SCHEDULE_CUSTOM, .value = 1},
                        .beta = HUGE_VAL,
                        .algorithm = MF_SGD_PLAIN};
    expect(mf_sgd_plan(&spec, &err) == MF_OK, "a plan");
    size_t bytes = mf_sgd_bytes(&spec);
    void *memory = calloc(1, bytes + 64);
    if (!memory)
        return;
    mf_sgd *run = mf_sgd_init((char *)memory + 64 - (uintptr_t)memory % 64, &spec);
    double x[2] = {1, 1}, y = 1, s = 0.1;
    expect(mf_sgd_run(run, 1, NULL, NULL, NULL, &err) == MF_EINVAL,
           "step sizes have to be handed over");
    expect(mf_sgd_feed(run, 1, x, 2, &y, NULL, NULL, &err) == MF_EINVAL, "with samples, too");
    expect(mf_sgd_k(run) == 0 && mf_sgd_run(run, 1, &s, NULL, NULL, &err) == MF_OK,
           "the run goes on");
    free(memory);
}

static void labels(void) {
    mf_error err;
    double number[] = {MF_INPUTS_GAUSSIAN, 1, 0, 0, 0}, y[2] = {1, 1}, x[2], z[2];
    mf_distribution law = {.ops = &mf_law_multi_index, .d = 2, .numbers = 5, .number = number};
    mf_key key = {1, MF_STREAM_DATA};
    expect(mf_law_is_valid(&law) && mf_law_is_unlabelled(&law), "a law without labels");
    expect(mf_distribution_sample(&law, key, 1, 1, x, 2, y, &err) == MF_EUNSUPPORTED,
           "labels that are not known");
    expect(mf_distribution_sample(&law, key, 1, 1, x, 2, NULL, &err) == MF_OK, "x alone");
    mf_law_index_see(&law, key, 1, 1, NULL, z);
    expect(z[0] == x[0], "what the target sees");
    mf_sgd_spec spec = {.law = law,
                        .sigma = relu,
                        .N = 1,
                        .eps = 0.1,
                        .xi = {.kind = MF_SCHEDULE_CONSTANT, .value = 1},
                        .beta = HUGE_VAL,
                        .block = 2};
    expect(mf_sgd_plan(&spec, &err) == MF_OK && spec.algorithm == MF_SGD_BLOCKED, "blocks");
    size_t bytes = mf_sgd_bytes(&spec);
    void *memory = calloc(1, bytes + 64);
    if (!memory)
        return;
    mf_sgd *run = mf_sgd_init((char *)memory + 64 - (uintptr_t)memory % 64, &spec);
    expect(mf_sgd_run(run, 1, NULL, NULL, NULL, &err) == MF_EINVAL,
           "labels have to be handed over");
    expect(mf_sgd_run(run, 1, NULL, y, NULL, &err) == MF_OK, "the run goes on");
    expect(mf_sgd_run(run, 2, NULL, NULL, NULL, &err) == MF_OK, "inside the block it has them");
    free(memory);
}

int main(void) {
    laws();
    labels();
    starts_and_schedules();
    steps();
    return verdict();
}
