/**
 * `fusion_build.c`: OpenCL C to a program of the device. Drivers take seconds for a model, so what they built is kept, by source,
 * device and driver. A kept program that is damaged or that the driver no longer takes is built again: keeping never fails a run.
 */

export const BUILD_SOURCE = String.raw`/* Programs of a device, built or kept from an earlier run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utime.h>
#include "fusion_device.h"

#define MOST_PROGRAM_BYTES ((int64_t)1 << 30)

/* Before the bytes of a kept program. */
typedef struct {
  char magic[8];
  uint64_t source, identity, content;
  int64_t bytes;
} header;

static const char MAGIC[8] = {'F', 'U', 'S', 'I', 'O', 'N', 'C', 'L'};

/* FNV-1a. */
static uint64_t hash_of(const char *bytes, int64_t count) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < count; i++) hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
  return hash;
}

/* NULL: there is none, or none of that size. Its own null byte comes after it. */
static char *read_text(const char *path, int64_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *text = NULL;
  if (*length > 0 && *length < MOST_PROGRAM_BYTES) {
    text = fusion_allocate(*length + 1, "the kernels");
    if (fread(text, 1, (size_t)*length, file) != (size_t)*length) {
      free(text);
      text = NULL;
    }
  }
  fclose(file);
  return text;
}

static cl_program from_kept(const fusion_device *device, const char *path, const header *expected,
                            const char *options) {
  int64_t length = 0;
  char *text = read_text(path, &length);
  if (text == NULL) return NULL;
  cl_program program = NULL;
  header kept;
  int64_t bytes = length - (int64_t)sizeof kept;
  const char *content = text + sizeof kept;
  if (bytes > 0) {
    memcpy(&kept, text, sizeof kept);
    if (memcmp(kept.magic, MAGIC, sizeof MAGIC) == 0 && kept.source == expected->source &&
        kept.identity == expected->identity && kept.bytes == bytes &&
        kept.content == hash_of(content, bytes)) {
      int32_t code = 0, taken = 0;
      size_t size = (size_t)bytes;
      const unsigned char *binary = (const unsigned char *)content;
      program = clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary, &taken, &code);
      if (code != 0 || taken != 0 ||
          clBuildProgram(program, 1, &device->id, options, NULL, NULL) != 0) {
        if (program != NULL) clReleaseProgram(program);
        program = NULL;
      }
    }
  }
  free(text);
  if (program == NULL) remove(path);
  else utime(path, NULL);
  return program;
}

static void keep(cl_program program, const fusion_build_files *files, const char *path, header made) {
  size_t size = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != 0) return;
  if (size < 1 || (int64_t)size >= MOST_PROGRAM_BYTES) return;
  unsigned char *binary = fusion_allocate((int64_t)size, "the built kernels");
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == 0) {
    memcpy(made.magic, MAGIC, sizeof MAGIC);
    made.bytes = (int64_t)size;
    made.content = hash_of((const char *)binary, made.bytes);
    FILE *file = fopen(files->unfinished, "wb");
    if (file != NULL) {
      int is_whole = fwrite(&made, sizeof made, 1, file) == 1 && fwrite(binary, size, 1, file) == 1;
      if (fclose(file) != 0 || !is_whole || rename(files->unfinished, path) != 0) {
        remove(files->unfinished);
      }
    }
  }
  free(binary);
}

static cl_program from_source(const fusion_device *device, const char *text, int64_t length,
                              const char *options) {
  const char *sources[1] = {text};
  size_t lengths[1] = {(size_t)length};
  int32_t code = 0;
  cl_program program = clCreateProgramWithSource(device->context, 1, sources, lengths, &code);
  fusion_device_expect(code, "the kernels cannot be read by the device");
  code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
  if (code != 0) {
    static char log[16384];
    clGetProgramBuildInfo(program, device->id, CL_BUILD_LOG, sizeof log - 1, log, NULL);
    fputs(log, stderr);
    fusion_fail("the device's compiler refused the kernels", NULL);
  }
  return program;
}

cl_program fusion_device_build(const fusion_device *device, const fusion_build_files *files) {
  int64_t length = 0;
  char *text = read_text(files->source, &length);
  if (text == NULL) fusion_fail("there is no readable file of", "the kernels");
  const char *options = fusion_cl_options(device->id);
  char identity[768];
  int identity_bytes = snprintf(identity, sizeof identity, "%s\n%s", device->identity, options);
  header expected = {.source = hash_of(text, length), .identity = hash_of(identity, identity_bytes)};
  char path[4200] = "";
  if (files->built != NULL && files->unfinished != NULL && strlen(files->built) < 4096) {
    snprintf(path, sizeof path, "%s%016" PRIx64, files->built, expected.identity);
  }
  cl_program program = *path ? from_kept(device, path, &expected, options) : NULL;
  if (program == NULL) {
    program = from_source(device, text, length, options);
    if (*path) keep(program, files, path, expected);
  }
  free(text);
  return program;
}
`;
