# shellcheck shell=bash
# Functions to drive the real window on a virtual screen. Source this file from bash; it
# needs Xvfb, xdotool and ImageMagick (scripts/install-deps test).
#
# Nothing here waits for a fixed time: every step polls until the picture shows what is
# expected, or fails after a limit.

screen_width=1280
screen_height=800

# open_screen starts a virtual screen and sets DISPLAY.
open_screen() {
    local numbers
    numbers=$(mktemp)
    Xvfb -displayfd 3 -screen 0 ${screen_width}x${screen_height}x24 -nolisten tcp -noreset 3>"$numbers" 2>/dev/null &
    screen_pid=$!
    until_true 20 "the virtual screen" test -s "$numbers" || return 1
    DISPLAY=:$(tr -d '[:space:]' <"$numbers")
    export DISPLAY
    unset WAYLAND_DISPLAY
    rm -f "$numbers"
    # Software rendering: the same picture on every machine.
    export LIBGL_ALWAYS_SOFTWARE=1 LANG=en_US.UTF-8 FYNE_SCALE=1
    unset LC_ALL
}

close_screen() {
    [ -n "${program_pid:-}" ] && kill "$program_pid" 2>/dev/null && wait "$program_pid" 2>/dev/null
    [ -n "${screen_pid:-}" ] && kill "$screen_pid" 2>/dev/null && wait "$screen_pid" 2>/dev/null
    true
}

# until_true LIMIT WHAT COMMAND… runs a command until it succeeds, at most LIMIT seconds.
until_true() {
    local limit=$1 what=$2 end
    shift 2
    end=$((SECONDS + limit))
    until "$@"; do
        if [ $SECONDS -ge $end ]; then
            echo "waited $limit s in vain for $what" >&2
            return 1
        fi
        sleep 0.1
    done
}

# open_window LOG COMMAND… starts the program, waits for its window, gives it the whole
# screen and the keyboard. What the program says goes to LOG.
open_window() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    program_pid=$!
    until_true 60 "the window" find_window || return 1
    xdotool windowmove "$window" 0 0 windowsize "$window" $screen_width $screen_height
    xdotool windowfocus "$window"
    settle
}

find_window() {
    kill -0 "$program_pid" 2>/dev/null || return 1
    window=$(xdotool search --onlyvisible --name '^Descry' 2>/dev/null | head -n 1)
    [ -n "$window" ]
}

# picture FILE takes a picture of the screen.
picture() { import -window root "$1"; }

# differ A B [REGION] prints how many pixels of two pictures differ visibly, in a region
# WxH+X+Y or everywhere.
differ() {
    local region=${3:-${screen_width}x${screen_height}+0+0}
    compare -metric AE -fuzz 5% -extract "$region" "$1" "$2" null: 2>&1 | sed 's/[^0-9].*//'
}

# settle waits until the picture stands still: a blinking cursor and a running clock are
# small enough not to count.
settle() {
    local dir
    dir=$(mktemp -d)
    picture "$dir/a.png"
    until_true 30 "the picture to settle" stands_still "$dir"
    local status=$?
    rm -r "$dir"
    return $status
}

stands_still() {
    sleep 0.4
    picture "$1/b.png"
    local changed
    changed=$(differ "$1/a.png" "$1/b.png")
    mv "$1/b.png" "$1/a.png"
    [ "$changed" -lt 300 ]
}

# changed_from FILE WHAT [REGION] waits until the screen differs from an earlier picture.
changed_from() {
    until_true 30 "$2" looks_different "$1" "${3:-}" && settle
}

looks_different() {
    local now status
    now=$(mktemp --suffix=.png)
    picture "$now"
    [ "$(differ "$1" "$now" "$2")" -gt 1000 ]
    status=$?
    rm -f "$now"
    return $status
}

press() { xdotool key --clearmodifiers "$@"; }
write() { xdotool type --delay 30 -- "$1"; }
click() { xdotool mousemove "$1" "$2" click 1; }

# close_window ends the program as a person's session would, and tells whether it went in
# good order: nothing crashed, and nothing touched a widget from a wrong thread.
close_window() {
    kill -TERM "$program_pid"
    until_true 15 "the program to end" gone || return 1
    if grep -nE 'panic:|fatal error:|SIGSEGV|Error in Fyne call thread' "$1"; then
        echo "the program did not run in good order; see $1" >&2
        return 1
    fi
}

gone() { ! kill -0 "$program_pid" 2>/dev/null; }
