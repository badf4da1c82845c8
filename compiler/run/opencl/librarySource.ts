/** `fusion_cl.c`: finds the OpenCL library of this computer or phone. */

export const LIBRARY_SOURCE = String.raw`/* The OpenCL library, wherever a vendor put it. */
#include <dlfcn.h>
#include <stdlib.h>
#include "fusion_cl.h"
#include "fusion_runtime.h"

#define CL_DEFINE(name, result, parameters) result(*name) parameters;
CL_FUNCTIONS(CL_DEFINE)
#undef CL_DEFINE

static const char *const libraries[] = {
    "libOpenCL.so.1",
    "libOpenCL.so",
    "/vendor/lib64/libOpenCL.so",
    "/system/vendor/lib64/libOpenCL.so",
    "/system/lib64/libOpenCL.so",
    "/vendor/lib64/libOpenCL-pixel.so",
    "/system/vendor/lib64/libOpenCL-pixel.so",
    "libOpenCL-pixel.so",
    "/vendor/lib64/egl/libGLES_mali.so",
    "/system/vendor/lib64/egl/libGLES_mali.so",
    "/vendor/lib64/libGLES_mali.so",
    "libGLES_mali.so",
    "/vendor/lib64/libPVROCL.so",
    "/system/vendor/lib64/libPVROCL.so",
    "libPVROCL.so",
    "/vendor/lib/libOpenCL.so",
    "/system/vendor/lib/libOpenCL.so",
    "/system/lib/libOpenCL.so",
    "/vendor/lib/egl/libGLES_mali.so",
    "/vendor/lib/libPVROCL.so",
    "/System/Library/Frameworks/OpenCL.framework/OpenCL",
};

/* Pixel phones hide the functions behind one that enables them. */
static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found != NULL) return found;
  void *(*load)(const char *) = NULL;
  *(void **)&load = dlsym(library, "loadOpenCLPointer");
  return load == NULL ? NULL : load(name);
}

static int load(void *library) {
  void (*enable)(void) = NULL;
  *(void **)&enable = dlsym(library, "enableOpenCL");
  if (enable != NULL) enable();
#define CL_FIND(name, result, parameters)                                                          \
  *(void **)&name = symbol(library, #name);                                                        \
  if (name == NULL) return 0;
  CL_FUNCTIONS(CL_FIND)
#undef CL_FIND
  return 1;
}

void fusion_cl_load(void) {
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL && load(library)) return;
  }
  fusion_fail_unavailable("there is no OpenCL library here");
}
`;
