/* density.c: the polygons that are drawn for the law behind sorted atoms. */
#include "density.h"

#include <math.h>

enum { FEW = 8 };     /* fewer places than this are no density ... */
#define NARROW 1e-290 /* ... nor are gaps over which a density would not be a number */

/* Atoms at one place become one atom; returns the number of places. Infinities and atoms
 * without mass are left out; the mass at +inf goes to *infinite.                          */
static size_t merge_places(mf_atom *sorted, size_t n, double *infinite) {
    size_t k = 0;
    *infinite = 0;
    for (size_t j = 0; j < n; ++j) {
        if (isinf(sorted[j].x))
            *infinite += sorted[j].weight;
        else if (k && sorted[k - 1].x == sorted[j].x)
            sorted[k - 1].weight += sorted[j].weight;
        else if (sorted[j].weight > 0)
            sorted[k++] = sorted[j];
    }
    return k;
}

size_t mf_atoms_split(mf_atom *sorted, size_t n, const mf_density_spec *spec, mf_atom *lumps,
                      size_t *n_lumps) {
    double infinite, total = 0;
    size_t places = merge_places(sorted, n, &infinite), kept = 0, out = 0;
    for (size_t j = 0; j < places; ++j)
        total += sorted[j].weight;
    bool few = places < FEW || sorted[places - 1].x / 2 - sorted[0].x / 2 < NARROW * (double)places;
    for (size_t j = 0; j < places; ++j) { /* sorted[j - 1], if kept or not, is still there */
        double mass = sorted[j].weight, beside = HUGE_VAL;
        if (j > 0)
            beside = sorted[j - 1].weight;
        if (j + 1 < places)
            beside = fmin(beside, sorted[j + 1].weight);
        bool lump = few || (mass > 8 * beside && mass * (double)places > 2 * total);
        if (lump && !(spec->bandwidth > 0))
            lumps[out++] = sorted[j];
        else
            sorted[kept++] = sorted[j];
    }
    if (infinite > 0)
        lumps[out++] = (mf_atom){HUGE_VAL, infinite};
    *n_lumps = out;
    return kept;
}

/* The knots (x, F) of the distribution function that is linear between atoms, into
 * knot[0 .. n+1]. Where the floor leaves no room below the first atom, its lower half lies
 * in the first gap too.                                                                   */
static void make_knots(const mf_atom *sorted, size_t n, double floor_x, mf_atom *knot) {
    double first_gap = sorted[1].x - sorted[0].x, last_gap = sorted[n - 1].x - sorted[n - 2].x;
    double mass = 0;
    knot[0] = (mf_atom){fmax(floor_x, sorted[0].x - first_gap / 2), 0};
    for (size_t j = 0; j < n; ++j) {
        mass += sorted[j].weight / 2;
        knot[j + 1] = (mf_atom){sorted[j].x, mass};
        mass += sorted[j].weight / 2;
    }
    if (!(knot[0].x < sorted[0].x))
        knot[1].weight = 0;
    knot[n + 1] = (mf_atom){sorted[n - 1].x + last_gap / 2, mass};
}

/* F(x) on the segment from a to a + 1, constant beyond its ends. */
static double on_segment(const mf_atom *a, double x) {
    double length = a[1].x - a[0].x, share = length > 0 ? (x - a[0].x) / length : 1;
    return a[0].weight + (a[1].weight - a[0].weight) * fmin(fmax(share, 0), 1);
}

/* Cuts or continues knot[1 .. n] to [low, high]: on return knot[0 .. result-1] start at low
 * and end at high.                                                                        */
static size_t clip_knots(mf_atom *knot, size_t n, double low, double high) {
    size_t out = 1, at_low = 1, at_high = 1;
    while (at_low + 1 < n && knot[at_low + 1].x <= low)
        ++at_low;
    while (at_high + 1 < n && knot[at_high + 1].x < high)
        ++at_high;
    double f_low = on_segment(knot + at_low, low), f_high = on_segment(knot + at_high, high);
    for (size_t i = 1; i <= n; ++i)
        if (knot[i].x > low && knot[i].x < high)
            knot[out++] = knot[i];
    knot[0] = (mf_atom){low, f_low};
    knot[out++] = (mf_atom){high, f_high};
    return out;
}

/* Relative length and relative mass up to a knot, in equal parts: the measure in which the
 * edges are equidistant.                                                                  */
static double progress(const mf_atom *knot, size_t n, size_t i) {
    double length = (knot[i].x - knot[0].x) / (knot[n - 1].x - knot[0].x);
    double mass = knot[n - 1].weight - knot[0].weight;
    return mass > 0 ? (length + (knot[i].weight - knot[0].weight) / mass) / 2 : length;
}

/* Edges and masses of the cells of the density between neighbours. */
static void neighbour_cells(const mf_atom *sorted, size_t n, const mf_density_spec *spec,
                            mf_atom *knot, double *edge, double *mass) {
    size_t cells = spec->cells, at = 0;
    make_knots(sorted, n, spec->floor, knot + 1);
    n = clip_knots(knot, n + 2, isnan(spec->low) ? knot[1].x : spec->low,
                   isnan(spec->high) ? knot[n + 2].x : spec->high);
    double before = knot[0].weight, left = 0, right = progress(knot, n, 1);
    edge[0] = knot[0].x;
    for (size_t i = 1; i <= cells; ++i) {
        double goal = (double)i / (double)cells;
        while (right < goal && at + 2 < n) {
            left = right;
            right = progress(knot, n, ++at + 1);
        }
        const mf_atom *a = knot + at;
        double share = i < cells && right > left ? fmin((goal - left) / (right - left), 1) : 1;
        double here = a[0].weight + (a[1].weight - a[0].weight) * share;
        edge[i] = i < cells ? a[0].x + (a[1].x - a[0].x) * share : knot[n - 1].x;
        mass[i - 1] = (i < cells ? here : knot[n - 1].weight) - before;
        before = here;
    }
}

/* Adds a Gaussian of the given mass at x to equal cells of width h from low on. */
static void add_gaussian(double x, double weight, double bandwidth, double low, double h,
                         size_t cells, double *mass) {
    double from = (x - 9 * bandwidth - low) / h, to = (x + 9 * bandwidth - low) / h;
    if (to <= 0 || from >= (double)cells)
        return;
    size_t first = from > 0 ? (size_t)from : 0, last = to < (double)cells ? (size_t)to : cells - 1;
    double scale = h / (M_SQRT2 * bandwidth), shift = (low - x) / (M_SQRT2 * bandwidth);
    double before = erf((double)first * scale + shift);
    for (size_t i = first; i <= last; ++i) {
        double here = erf((double)(i + 1) * scale + shift);
        mass[i] += weight / 2 * (here - before);
        before = here;
    }
}

/* Equal cells, with a Gaussian in place of every atom. */
static void gaussian_cells(const mf_atom *sorted, size_t n, const mf_density_spec *spec,
                           double *edge, double *mass) {
    size_t cells = spec->cells;
    double reach = 5 * spec->bandwidth; /* cuts off 3e-7 of the outermost atom */
    double low = isnan(spec->low) ? fmax(spec->floor, sorted[0].x - reach) : spec->low;
    double high = isnan(spec->high) ? sorted[n - 1].x + reach : spec->high;
    double h = (high - low) / (double)cells;
    for (size_t i = 0; i <= cells; ++i)
        edge[i] = i == cells ? high : low + h * (double)i;
    for (size_t i = 0; i < cells; ++i)
        mass[i] = 0;
    for (size_t j = 0; j < n && !mf_flag_is_set(spec->stop); ++j) {
        add_gaussian(sorted[j].x, sorted[j].weight, spec->bandwidth, low, h, cells, mass);
        if (!isinf(spec->floor))
            add_gaussian(2 * spec->floor - sorted[j].x, sorted[j].weight, spec->bandwidth, low, h,
                         cells, mass);
    }
}

/* Height at the edge between cells of mean heights a and b, whose centres lie `left` and
 * `right` of it: interpolated geometrically, as tails decay, and at most twice the lower.   */
static double edge_height(double a, double b, double left, double right) {
    if (!(a > 0 && b > 0))
        return 0;
    double share = left + right > 0 ? left / (left + right) : 0.5;
    return fmin(a * pow(b / a, share), 2 * fmin(a, b));
}

/* Height at the outer edge of a cell of mean height h: on the line through its centre. */
static double end_height(double h, double inner) {
    return fmin(fmax(2 * h - inner, 0), 2 * h);
}

/* The polygon over the cells: on entry x holds cells + 1 edges and p the cells' masses, on
 * return both hold 2 cells + 1 points, edges and centres in turn. As no edge is higher than
 * twice a neighbour's mean, the height at a centre that keeps its cell's mass is not negative. */
static void polygon(size_t cells, double *x, double *p) {
    size_t last = 2 * cells;
    for (size_t i = cells; i-- > 0;) { /* downwards: nothing is overwritten before its use */
        double left = x[i], right = x[i + 1];
        x[2 * i + 2] = right;
        x[2 * i + 1] = left + (right - left) / 2;
        p[2 * i + 1] = right > left ? p[i] / (right - left) : 0;
    }
    for (size_t i = 2; i < last; i += 2)
        p[i] = edge_height(p[i - 1], p[i + 1], x[i] - x[i - 1], x[i + 1] - x[i]);
    p[0] = end_height(p[1], cells > 1 ? p[2] : p[1]);
    p[last] = end_height(p[last - 1], cells > 1 ? p[last - 2] : p[last - 1]);
    for (size_t i = 1; i < last; i += 2)
        p[i] = 2 * p[i] - (p[i - 1] + p[i + 1]) / 2;
}

void mf_atoms_density(const mf_atom *sorted, size_t n, const mf_density_spec *spec, mf_atom *work,
                      double *x, double *p) {
    if (spec->bandwidth > 0)
        gaussian_cells(sorted, n, spec, x, p);
    else
        neighbour_cells(sorted, n, spec, work, x, p);
    polygon(spec->cells, x, p);
}
