/* space.c: the spaces of full weights, and what is read off any descriptor. */
#include "space.h"

#include <stdio.h>

const char *const mf_group_names[] = {"a", "b", "w", NULL};

const mf_space mf_space_free = {.name = "free", .numbered = {"x", MF_NUMBER, MF_GROUP_NONE}};

const mf_space mf_space_length = {.name = "length",
                                  .n_before = 1,
                                  .before = (const mf_coordinate[]){{"r", MF_RADIUS, MF_GROUP_W}}};

const mf_space mf_space_plain = {.name = "plain", .numbered = {"w", MF_WEIGHT, MF_GROUP_W}};

const mf_space mf_space_affine = {.name = "affine",
                                  .numbered = {"w", MF_WEIGHT, MF_GROUP_W},
                                  .n_after = 2,
                                  .after = (const mf_coordinate[]){{"a", MF_NUMBER, MF_GROUP_A},
                                                                   {"b", MF_NUMBER, MF_GROUP_B}}};

size_t mf_space_dim(const mf_space *space) {
    return space->numbered.name ? 0 : space->n_before + space->n_after;
}

size_t mf_space_least_dim(const mf_space *space) {
    return space->n_before + space->n_after + (space->numbered.name ? 1 : 0);
}

bool mf_space_fits(const mf_space *space, size_t dim) {
    size_t least = mf_space_least_dim(space);
    return space->numbered.name ? dim >= least : dim == least;
}

size_t mf_space_weights(const mf_space *space, size_t dim) {
    bool whole = space->numbered.kind == MF_WEIGHT && space->n_before == 0;
    for (size_t c = 0; c < space->n_after; ++c)
        whole = whole && space->after[c].kind == MF_NUMBER;
    return whole ? dim - space->n_after : 0;
}

void mf_space_coordinate_name(const mf_space *space, size_t dim, size_t c, char text[32]) {
    if (c < space->n_before)
        snprintf(text, 32, "%s", space->before[c].name);
    else if (c + space->n_after >= dim)
        snprintf(text, 32, "%s", space->after[c + space->n_after - dim].name);
    else
        snprintf(text, 32, "%s%zu", space->numbered.name, c - space->n_before + 1);
}
