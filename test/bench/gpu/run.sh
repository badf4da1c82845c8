#!/bin/sh
# Builds and times the bundles of `npm run bench -- gpuBundles FOLDER` on a machine with a GPU, OpenCL and a C compiler.
#   run.sh FOLDER [DEVICE]      one line of JSON lines per bundle in $OUT (or FOLDER)
folder=$1
device=${2:-NVIDIA}
out=${OUT:-$folder}
build() {
  (cd "$1" && cc -std=gnu11 -O1 -w -pthread ./*.c -o program -lm -ldl) || echo "$1: not built"
}
for bundle in "$folder"/*/; do
  build "$bundle" &
  while [ "$(jobs | wc -l)" -ge 12 ]; do sleep 0.1; done
done
wait
run() {
  (cd "$1" && shift && timeout "${LIMIT:-60}" ./program --recipe recipe.bin --inputs inputs.bin --outputs outputs.bin \
    --source kernels.cl --device "$device" "$@")
}
# The driver keeps what it has compiled: all kernels at once, then one program after the other on a quiet machine.
for bundle in "$folder"/*/; do
  run "$bundle" --warmup 0 --runs 0 >/dev/null 2>&1 &
  while [ "$(jobs | wc -l)" -ge 12 ]; do sleep 0.1; done
done
wait
for bundle in "$folder"/*/; do
  name=$(basename "$bundle")
  run "$bundle" --warmup 3 --runs "${RUNS:-20}" --budget-ms "${BUDGET:-3000}" 2>"$bundle/errors.txt" >"$bundle/lines.txt"
  echo "== $name $?" >>"$out/lines.txt"
  cat "$bundle/lines.txt" >>"$out/lines.txt"
  head -c 2000 "$bundle/errors.txt" >>"$out/lines.txt"
done
