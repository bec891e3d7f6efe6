/* fields.c: libFuzzer on the block of named fields that checkpoints are made of. */
#include "block.h"

static void look_up(mf_fields *f) {
    static const char *const names[] = {"k", "w", "law", "sigma", "sigma t", ""};
    static const char *const choices[] = {"plain", "affine", NULL};
    static volatile double sum;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        size_t n;
        const double *x = mf_fields_list(f, names[i], 0, SIZE_MAX, &n);
        for (size_t j = 0; x && j < n; ++j)
            sum += x[j];
        sum += mf_fields_number(f, names[i], -1, 1) + (double)mf_fields_count(f, names[i], -9, 9);
        sum += (double)strlen(mf_fields_string(f, names[i]));
        sum += mf_fields_choice(f, names[i], choices);
        x = mf_fields_find(f, names[i], 2, 3);
        sum += x ? x[5] : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mf_error err = {0};
    mf_fields fields;
    char *block = make_right(data, size);
    if (!block)
        return 0;
    if (mf_fields_open(&fields, block, size, "mf.sgd", &err) >= 0)
        look_up(&fields);
    else if (err.text[0] == '\0')
        abort(); /* no error without a message */
    free(block);
    return 0;
}
