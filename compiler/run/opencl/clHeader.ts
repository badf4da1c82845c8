/**
 * `fusion_cl.h`: the part of OpenCL 1.2 that the runner uses, found in the device's library when it runs. The types and
 * numbers are the standard's; no header of a vendor is needed to build.
 */

export const CL_HEADER = String.raw`/* OpenCL 1.2, as far as it is used; functions come from a library that is loaded at run time. */
#ifndef FUSION_CL_H
#define FUSION_CL_H

#include <stddef.h>
#include <stdint.h>

typedef struct cl_platform_ *cl_platform;
typedef struct cl_device_ *cl_device;
typedef struct cl_context_ *cl_context;
typedef struct cl_queue_ *cl_queue;
typedef struct cl_memory_ *cl_memory;
typedef struct cl_program_ *cl_program;
typedef struct cl_kernel_ *cl_kernel;
typedef struct cl_event_ *cl_event;

#define CL_TYPE_GPU 4
#define CL_TYPE_ALL 0xffffffffu
#define CL_PLATFORM_VERSION 0x0901
#define CL_PLATFORM_NAME 0x0902
#define CL_DEVICE_NAME 0x102b
#define CL_DRIVER_VERSION 0x102d
#define CL_DEVICE_VERSION 0x102f
#define CL_DEVICE_MAX_ALLOCATION 0x1010
#define CL_DEVICE_FLOAT_ABILITIES 0x101b
#define CL_FLOAT_EXACT_DIVISION 128
#define CL_DEVICE_MAX_GROUP 0x1004
#define CL_QUEUE_PROFILING 2
#define CL_MEMORY_READ_WRITE 1
#define CL_PROGRAM_BINARY_SIZES 0x1165
#define CL_PROGRAM_BINARIES 0x1166
#define CL_BUILD_LOG 0x1183
#define CL_EVENT_START 0x1282
#define CL_EVENT_END 0x1283

/* name, result, parameters */
#define CL_FUNCTIONS(F)                                                                            \
  F(clGetPlatformIDs, int32_t, (uint32_t, cl_platform *, uint32_t *))                              \
  F(clGetPlatformInfo, int32_t, (cl_platform, uint32_t, size_t, void *, size_t *))                 \
  F(clGetDeviceIDs, int32_t, (cl_platform, uint64_t, uint32_t, cl_device *, uint32_t *))           \
  F(clGetDeviceInfo, int32_t, (cl_device, uint32_t, size_t, void *, size_t *))                     \
  F(clCreateContext, cl_context,                                                                   \
    (const intptr_t *, uint32_t, const cl_device *, void *, void *, int32_t *))                    \
  F(clCreateCommandQueue, cl_queue, (cl_context, cl_device, uint64_t, int32_t *))                  \
  F(clCreateBuffer, cl_memory, (cl_context, uint64_t, size_t, void *, int32_t *))                  \
  F(clCreateProgramWithSource, cl_program,                                                         \
    (cl_context, uint32_t, const char **, const size_t *, int32_t *))                              \
  F(clCreateProgramWithBinary, cl_program,                                                         \
    (cl_context, uint32_t, const cl_device *, const size_t *, const unsigned char **, int32_t *,   \
     int32_t *))                                                                                   \
  F(clGetProgramInfo, int32_t, (cl_program, uint32_t, size_t, void *, size_t *))                   \
  F(clReleaseProgram, int32_t, (cl_program))                                                       \
  F(clBuildProgram, int32_t,                                                                       \
    (cl_program, uint32_t, const cl_device *, const char *, void *, void *))                       \
  F(clGetProgramBuildInfo, int32_t, (cl_program, cl_device, uint32_t, size_t, void *, size_t *))   \
  F(clCreateKernel, cl_kernel, (cl_program, const char *, int32_t *))                              \
  F(clSetKernelArg, int32_t, (cl_kernel, uint32_t, size_t, const void *))                          \
  F(clEnqueueNDRangeKernel, int32_t,                                                               \
    (cl_queue, cl_kernel, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t,      \
     const cl_event *, cl_event *))                                                                \
  F(clEnqueueWriteBuffer, int32_t,                                                                 \
    (cl_queue, cl_memory, uint32_t, size_t, size_t, const void *, uint32_t, const cl_event *,      \
     cl_event *))                                                                                  \
  F(clEnqueueReadBuffer, int32_t,                                                                  \
    (cl_queue, cl_memory, uint32_t, size_t, size_t, void *, uint32_t, const cl_event *,            \
     cl_event *))                                                                                  \
  F(clFinish, int32_t, (cl_queue))                                                                 \
  F(clFlush, int32_t, (cl_queue))                                                                  \
  F(clGetEventProfilingInfo, int32_t, (cl_event, uint32_t, size_t, void *, size_t *))              \
  F(clReleaseEvent, int32_t, (cl_event))

#define CL_DECLARE(name, result, parameters) extern result(*name) parameters;
CL_FUNCTIONS(CL_DECLARE)
#undef CL_DECLARE

/* Quotients and square roots rounded as everywhere else, where the device can: quantised models round them again. */
static inline const char *fusion_cl_options(cl_device device) {
  uint64_t abilities = 0;
  clGetDeviceInfo(device, CL_DEVICE_FLOAT_ABILITIES, sizeof abilities, &abilities, NULL);
  return abilities & CL_FLOAT_EXACT_DIVISION ? "-cl-fp32-correctly-rounded-divide-sqrt" : "";
}

/* Ends the run where there is no OpenCL, which is a normal state of many devices. */
void fusion_cl_load(void);

#endif
`;
