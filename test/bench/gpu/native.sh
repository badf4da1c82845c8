#!/bin/sh
# Builds and times the bundles of `npm run bench -- gpuBundles FOLDER --target native` on another machine.
#   native.sh FOLDER        JSON lines of every bundle in $OUT/lines.txt (or FOLDER)
folder=$1
out=${OUT:-$folder}
flags='-std=gnu11 -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-psabi -fwrapv -fno-strict-aliasing -w -march=x86-64-v4 -mprefer-vector-width=512'
# shellcheck disable=SC2086 -- flags are words
find "$folder" -name '*.c' | sort -R | xargs -P "$(nproc)" -I{} sh -c "cc $flags -c {} -o {}.o || cc $flags -O1 -c {} -o {}.o"
for bundle in "$folder"/*/; do
  cc -pthread "$bundle"/*.o -o "$bundle/program" -lm || echo "$bundle: not built"
done
for threads in ${THREADS:-1 2}; do
  for bundle in "$folder"/*/; do
    name=$(basename "$bundle")
    (cd "$bundle" && timeout "${LIMIT:-40}" ./program --recipe recipe.bin --inputs inputs.bin \
      --outputs outputs.bin --threads "$threads" --warmup 2 --runs "${RUNS:-15}" --budget-ms "${BUDGET:-1500}" >lines.txt)
    echo "== $name $threads $?" >>"$out/lines.txt"
    grep -v '"kind":"output"' "$bundle/lines.txt" >>"$out/lines.txt"
  done
done
