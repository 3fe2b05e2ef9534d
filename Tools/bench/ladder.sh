#!/bin/bash
# The ladder made by our TranscodeSession and by the ffmpeg command line, interleaved in one run: CPU seconds per
# media second of both, and the ratio. Absolute figures move with the machine; the ratio is the figure.
#
#   Tools/bench/ladder.sh [INPUT]       any file ffmpeg reads, about 30 frames a second; without one a test picture
#   ROUNDS=5  SECONDS_IN=20  PRESET=veryfast  RUNGS="1280x720@3000000:high 854x480@1500000:main"
#   BENCH=path of the ladder-bench program (default: the release build of this package)
set -euo pipefail
cd "$(dirname "$0")/../.."
ROUNDS=${ROUNDS:-5} SECONDS_IN=${SECONDS_IN:-20} PRESET=${PRESET:-veryfast}
read -ra RUNGS <<<"${RUNGS:-1280x720@3000000:high 854x480@1500000:main}"
if [ -z "${BENCH:-}" ]; then
    swift build -c release --product ladder-bench >&2
    BENCH=$(swift build -c release --show-bin-path)/ladder-bench
fi
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
quiet=(-hide_banner -loglevel error -nostdin -y)

# A moving picture with grain and a cut every four seconds: a bare test pattern would be too easy to encode.
if [ $# -ge 1 ]; then
    source=(-i "$1" -map 0:v:0 -map 0:a:0 -vf fps=30)
else
    source=(-f lavfi -i "testsrc2=size=1280x720:rate=30" -f lavfi -i "sine=frequency=330:sample_rate=48000"
        -vf "hue=H=floor(t/4)*2,noise=c0s=7:c0f=t:all_seed=11,format=yuv420p")
fi
ffmpeg "${quiet[@]}" "${source[@]}" -t "$SECONDS_IN" -c:v libx264 -preset veryfast -b:v 6M -maxrate 6M -bufsize 6M \
    -g 60 -sc_threshold 0 -c:a aac -b:a 128k -ar 48000 -ac 2 -f flv "$work/in.flv"

graph="[0:v]split=${#RUNGS[@]}"; scales=""; outputs=()
size=$(ffprobe -v error -select_streams v -show_entries stream=width,height -of csv=s=x:p=0 "$work/in.flv")
for i in "${!RUNGS[@]}"; do
    IFS='x@:' read -r w h rate profile <<<"${RUNGS[$i]}"
    graph+="[s$i]"
    if [ "${w}x$h" = "$size" ]; then scales+=";[s$i]null[v$i]"; else scales+=";[s$i]scale=$w:$h:flags=bicubic[v$i]"; fi
    outputs+=(-map "[v$i]" "-c:v:$i" libx264 "-preset:v:$i" "$PRESET" "-profile:v:$i" "${profile:-high}"
        "-b:v:$i" "$rate" "-maxrate:v:$i" "$rate" "-bufsize:v:$i" "$rate" "-bf:v:$i" 3
        "-x264-params:v:$i" "nal-hrd=cbr:force-cfr=1:keyint=90:min-keyint=90:scenecut=0")
done

run_ffmpeg() {
    local TIMEFORMAT='%R %U %S' t
    t=$({ time ffmpeg "${quiet[@]}" -i "$work/in.flv" -filter_complex "$graph$scales" "${outputs[@]}" \
        -map 0:a -c:a aac -b:a 128k -f null - 2>"$work/err"; } 2>&1) || { cat "$work/err" >&2; exit 1; }
    awk -v T="$SECONDS_IN" '{printf "ffmpeg wall=%.2f cpu=%.2f media_s=%.2f x_realtime=%.2f cpu/media_s=%.3f\n",
        $1, $2 + $3, T, T / $1, ($2 + $3) / T}' <<<"$t"
}

for round in $(seq "$ROUNDS"); do
    # First one, then the other first: whoever runs second finds a warmer machine.
    if [ $((round % 2)) = 1 ]; then run_ffmpeg; "$BENCH" "$work/in.flv" "$PRESET" "${RUNGS[@]}"
    else "$BENCH" "$work/in.flv" "$PRESET" "${RUNGS[@]}"; run_ffmpeg; fi
done | tee "$work/log"
# Disturbance only ever adds CPU seconds, so the smallest of each tells most on a shared machine.
awk '{split($3, c, "="); split($2, w, "="); n[$1]++; cpu[$1, n[$1]] = c[2]; wall[$1, n[$1]] = w[2]}
    function sorted(a, who, k,   i, j, t) {
        for (i = 1; i <= k; i++) b[i] = a[who, i]
        for (i = 2; i <= k; i++) for (j = i; j > 1 && b[j] < b[j-1]; j--) { t = b[j]; b[j] = b[j-1]; b[j-1] = t }
    }
    function median(a, who,   k) { k = n[who]; sorted(a, who, k); return k % 2 ? b[(k + 1) / 2] : (b[k / 2] + b[k / 2 + 1]) / 2 }
    function least(a, who) { sorted(a, who, n[who]); return b[1] }
    END {
        printf "cpu s, least: sluice %.2f ffmpeg %.2f ratio %.3f; median: sluice %.2f ffmpeg %.2f ratio %.3f; median wall ratio %.3f\n",
            least(cpu, "sluice"), least(cpu, "ffmpeg"), least(cpu, "sluice") / least(cpu, "ffmpeg"),
            median(cpu, "sluice"), median(cpu, "ffmpeg"), median(cpu, "sluice") / median(cpu, "ffmpeg"),
            median(wall, "sluice") / median(wall, "ffmpeg")
    }' "$work/log"
