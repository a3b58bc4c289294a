/* load.c: from a file to a version, off the program's path: copy, check, open, read back, bind. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

/* What the image says of itself: is it for this runtime, this program, this module? */
static int check_image(const hoti_module *m, const hot_image *image, const hoti_load_order *order, hoti_error *error) {
    const hot_image *own = m->given->image;
    const char *shown = order->path;
    if (image == NULL)
        return hoti_fail(error, "contract_missing", "%s has no vais_hot_image: it is no hot module", shown);
    if (image->abi != HOT_ABI || image->size < sizeof *image)
        return hoti_fail(error, "load_refused", "%s has ABI %u of %u bytes, the program's runtime has %u of %u: build "
                         "both with the same vaisc", shown, image->abi, image->size, HOT_ABI, (unsigned)sizeof *image);
    if (image->module == NULL || image->build_id == NULL || image->triple == NULL ||
        (image->function_count != 0 && image->functions == NULL) ||
        (image->global_count != 0 && image->globals == NULL) || (image->foreign_count != 0 && image->foreigns == NULL))
        return hoti_fail(error, "image_invalid", "%s states its module, build or tables wrongly", shown);
    if (strcmp(image->module, m->name) != 0)
        return hoti_fail(error, "contract_changed", "%s is the module %s, not %s", shown, image->module, m->name);
    if (strcmp(image->triple, own->triple) != 0)
        return hoti_fail(error, "wrong_platform", "%s is built for %s, the program for %s", shown, image->triple,
                         own->triple);
    if (order->build != NULL && strcmp(image->build_id, order->build) != 0)
        return hoti_fail(error, "image_invalid", "%s is build %s, not %s", shown, image->build_id, order->build);
    return 1;
}

/* Where the loaded code is, for reports of where it failed. */
static void locate(hoti_version *v) {
    const void *inside = v->described == NULL ? v->image : hoti_library_inside(v->handle);
    hoti_library_place(inside, &v->origin, &v->base, &v->end);
}

/* What it says of itself, or, of a plain library, what it is. 0: no memory. */
static int describe(hoti_version *v, hoti_error *error) {
    if (v->module->native != NULL) return v->described != NULL ? (v->image = (const hot_image *)v->described) != NULL : hoti_native_describe(v, v->digest, error);
    v->image = (const hot_image *)hoti_library_symbol(v->handle, "vais_hot_image");
    return 1;
}

/* 0: it stays in memory, now and for ever. */
int hoti_unload(hoti_version *v) {
    void *library = v->handle;
    if (library == NULL) return 1; /* it never was there, or is the program's own code */
    if (v->resident == NULL) v->resident = hoti_statics_keep(v);
    if (v->resident != NULL) return 0;
    if (hoti_library_close(library, v->path)) {
        v->handle = NULL;
        return 1;
    }
    v->resident = "the loader"; /* the handle says no more than that it is there */
    return 0;
}

/* Out of memory, but with its file kept; no thread may use it any more. */
void hoti_park(hoti_version *v) {
    if (v->handle == NULL) return;
    hoti_lock_take();
    v->tabled = 0; /* hot_symbol looks into it no more */
    hoti_lock_give();
    if (!hoti_unload(v)) return;
    hoti_statics_end(v, 0);
    hoti_bind_undo(v);
    v->image = NULL;
}

/* -1: it was loaded too far from the variables that its code uses. */
static int open_again(hoti_version *v, int near, hoti_error *error) {
    int good;
    v->handle = near ? hoti_statics_open(v, error) : hoti_library_open(v->path, error);
    if (v->handle == NULL) return 0;
    good = describe(v, error) && v->image != NULL && hoti_bind(v, error) ? hoti_statics_bind(v, error) : 0;
    if (good > 0) locate(v);
    else hoti_park(v);
    return good;
}

/* Back into memory, from the private copy, as it was. */
int hoti_unpark(hoti_version *v) {
    hoti_error error = {NULL, ""};
    int good;
    if (v->image != NULL) return 1;
    good = open_again(v, 0, &error);
    return good < 0 ? open_again(v, 1, &error) > 0 : good;
}

/* Loads it once more, where there is room within reach. */
static int load_near(hoti_version *v, hoti_error *error) {
    hoti_park(v);
    if (v->handle != NULL) return 0;
    error->code = NULL;
    return open_again(v, 1, error) > 0;
}

/* A version that is loaded and bound and that no thread knows yet, or null; then nothing has changed, and the error
 * says why, or has no code when the image is the one that `unless` names. */
hoti_version *hoti_load(hoti_module *module, const hoti_load_order *order, hoti_error *error) {
    hoti_version *v = hoti_version_make(module, order);
    if (v == NULL) {
        hoti_fail(error, "storage", "no memory for another version of %s", module->name);
        return NULL;
    }
    if (order->path == NULL) {
        if (hoti_bind_builtin(v, error)) return v;
        hoti_version_free(v);
        return NULL;
    }
    v->image = NULL;
    v->path = hoti_copy(module->name, order, v->digest, error);
    if (v->path != NULL && hoti_library_check(v->path, order->path, error)) {
        v->resident = hoti_lingers(v->path);
        v->handle = hoti_library_open(v->path, error);
        if (v->handle != NULL) {
            if (describe(v, error) && check_image(module, v->image, order, error) &&
                (order->unless == NULL || strcmp(order->unless, v->image->build_id) != 0) &&
                hoti_contract_check(module->running->image, v->image, error) && hoti_bind(v, error)) {
                int good = hoti_statics_bind(v, error);
                if (good > 0) locate(v);
                else if (good < 0) good = load_near(v, error);
                if (good > 0) return v;
            }
        }
    }
    hoti_version_free(v);
    return NULL;
}
