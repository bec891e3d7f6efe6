/* sgd.c: libFuzzer on checkpoints of SGD: all of the way from the first look at the file to the
 * run at the step that was saved, and back into a checkpoint that loads again.              */
#include "block.h"

#include "core/base/checksum.h"
#include "core/base/parallel.h"
#include "core/model/dataset.h"
#include "core/sgd/sgd.h"

#include <stdio.h>

enum { MEMORY = 1 << 26, STEPS = 1 << 20 };

/* The data set of seed.lua's run on one. */
static const double numbers[] = {1, 0, 0, 1, -1, 2, 1, -1, 1}; /* X, 3 x 2, then y */
static const mf_examples examples = {3, numbers, numbers + 6};

static const mf_distribution *given(void) {
    static double number[MF_DATASET_NUMBERS];
    static mf_distribution law = {.ops = &mf_law_dataset, .d = 2, .numbers = MF_DATASET_NUMBERS};
    mf_dataset set = {.n = 3, .checksum = mf_checksum(numbers, sizeof numbers)};
    mf_dataset_numbers(&set, number);
    law.number = number;
    law.examples = &examples;
    return &law;
}

#define fail_unless(holds)                                                                         \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "line %d: %s\n", __LINE__, err.text);                                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* To step k, as mf.sgd.load does it; a law or a schedule that only Lua knows is not at hand. */
static mf_status replay(mf_sgd *run, uint64_t k, mf_error *err) {
    static double s[STEPS], y[STEPS];
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    for (size_t i = 0; i < STEPS && s[i] == 0; ++i)
        s[i] = 1e-3;
    if (mf_law_is_fed(&spec->law))
        return k == mf_sgd_k(run) ? MF_OK : MF_EUNSUPPORTED;
    if (mf_law_is_unlabelled(&spec->law) && (k - mf_sgd_k(run) + 1) * spec->block > STEPS)
        return MF_EUNSUPPORTED;
    return mf_sgd_run(run, k, spec->xi.kind == MF_SCHEDULE_CUSTOM ? s : NULL,
                      mf_law_is_unlabelled(&spec->law) ? y : NULL, NULL, err);
}

/* What was loaded is saved, and that loads. */
static void save(mf_sgd *run, void *room) {
    mf_error err = {0};
    size_t size = mf_sgd_packed_bytes(run), bytes;
    char *block = malloc(size);
    fail_unless(block != NULL);
    mf_sgd_pack(run, block);
    fail_unless(mf_sgd_unpack_look(block, size, size, &err) >= 0);
    fail_unless(mf_sgd_unpack_size(block, size, room, given(), &bytes, &err) >= 0);
    free(block);
}

static void load(const char *block, size_t size, size_t bytes, void *room) {
    mf_error err = {0};
    mf_sgd *run = NULL;
    uint64_t k = 0;
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    fail_unless(memory != NULL);
    memset(memory, 0, bytes);
    fail_unless(mf_sgd_unpack(block, size, room, given(), memory, &run, &k, &err) >= 0);
    if (replay(run, k, &err) >= 0) {
        fail_unless(mf_sgd_k(run) == k);
        save(run, room);
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mf_error err = {0};
    size_t bytes = 0;
    char *block = make_right(data, size);
    static void *room; /* large, and the same for all */
    if (!room)
        room = malloc(mf_sgd_unpack_room());
    fail_unless(block && room);
    mf_threads_set(1);
    if (mf_sgd_unpack_look(block, size < 64 ? size : 64, size, &err) < 0 ||
        mf_sgd_unpack_size(block, size, room, given(), &bytes, &err) < 0)
        fail_unless(err.text[0] != '\0'); /* no error without a message */
    else if (bytes > 0 && bytes <= MEMORY)
        load(block, size, bytes, room);
    free(block);
    return 0;
}
