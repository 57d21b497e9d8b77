#!/usr/bin/env bash
# A cluster of p2p-tui consoles in tmux, in a network of its own that leaves nothing behind.
#   ./demo.sh [N]            N consoles to play with (default 4); f in one says where its shared folder is
#   ./demo.sh --check [N]    plays the journey by itself and asserts on the screens; exits 0 or 1
set -u

here=$(cd "$(dirname "$0")" && pwd)
check=0
count=4
for word in "$@"; do
  case $word in
  --check) check=1 ;;
  -h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *[!0-9]* | '')
    echo "demo.sh: not a number of consoles: $word (see --help)" >&2
    exit 2
    ;;
  *) count=$word ;;
  esac
done
if [ "$count" -lt 2 ] || [ "$count" -gt 12 ]; then
  echo "demo.sh: between 2 and 12 consoles, please" >&2
  exit 2
fi
if [ "$check" = 1 ] && [ "$count" -lt 3 ]; then
  echo "demo.sh: --check needs 3 consoles or more (one is killed on the way)" >&2
  exit 2
fi

missing() {
  echo "demo.sh: $1 is missing: $2" >&2
  exit 1
}
command -v tmux >/dev/null 2>&1 || missing tmux 'apt install tmux, dnf install tmux or brew install tmux'
command -v node >/dev/null 2>&1 || missing node 'version 20.20 or newer, from https://nodejs.org or your package manager'
node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||a===20&&b>=20?0:1)' ||
  missing 'a newer node' "20.20 or newer; this one is $(node --version)"

if [ "$check" = 0 ] || [ ! -f "$here/dist/p2p-tui.cjs" ]; then
  (cd "$here" && node .ci/start.mjs --version >/dev/null) || exit 1
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/p2p-demo.XXXXXX")
socket=p2p-demo-$$
session=p2p
tm() { tmux -L "$socket" -f /dev/null "$@"; }

cleanup() {
  trap - EXIT INT TERM HUP
  tm kill-server 2>/dev/null
  for file in "$work"/pid.*; do
    [ -f "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export P2P_CONFIG_HOME=$work/config P2P_DATA_HOME=$work/data P2P_RUNTIME_HOME=$work/run
mkdir -p "$P2P_CONFIG_HOME" "$P2P_DATA_HOME" "$P2P_RUNTIME_HOME"
chmod 700 "$P2P_RUNTIME_HOME"
cols=$(tput cols 2>/dev/null || echo 80)
rows=$(tput lines 2>/dev/null || echo 24)
if [ "$check" = 1 ]; then
  cols=80
  rows=24
fi

names=(otter wren finch lark heron ibis jay kite linnet magpie owl plover)
i=0
while [ "$i" -lt "$count" ]; do
  name=${names[$i]}
  mkdir -p "$work/$name"
  # two copies of a stored file, so that in a small cluster a request has somewhere to go
  # the shell names its pid before it becomes the peer, so that the peer can be killed by it
  command="cd '$work/$name' && echo \$\$ > '$work/pid.$i' && exec node '$here/dist/p2p-tui.cjs' --name $name --folder folder --replicas 2"
  if [ "$i" = 0 ]; then
    tm new-session -d -s "$session" -n "$name" -x "$cols" -y "$rows" "$command" || exit 1
    tm set-option -g remain-on-exit off >/dev/null
    tm set-option -g escape-time 10 >/dev/null
    [ "$check" = 1 ] && tm set-option -g status off >/dev/null
  elif [ "$check" = 0 ] && fits=$(((cols / 2 >= 80 && rows / 2 >= 25) ? 1 : 0)) && [ "$fits" = 1 ] && [ "$count" -le 4 ]; then
    tm split-window -t "$session" "$command"
    tm select-layout -t "$session" tiled >/dev/null
  else
    tm new-window -d -t "$session" -n "$name" "$command"
  fi
  i=$((i + 1))
done

if [ "$check" = 0 ]; then
  tm set-option -g status-right ' prefix n: next console · prefix d: end the demo ' >/dev/null
  tm set-option -g status-right-length 60 >/dev/null
  tm attach -t "$session"
  exit 0
fi

# ---- the journey

screen() { tm capture-pane -p -t "$session:${names[$1]}" 2>/dev/null; }
fail() {
  echo "FAIL: $1" >&2
  i=0
  while [ "$i" -lt "$count" ]; do
    echo "---- ${names[$i]}" >&2
    screen "$i" >&2
    i=$((i + 1))
  done
  exit 1
}
ok() { echo "ok: $1"; }
# until_screen CONSOLE SECONDS REGEX WHAT
until_screen() {
  tries=$(($2 * 5))
  while [ "$tries" -gt 0 ]; do
    screen "$1" | grep -Eq "$3" && return 0
    tries=$((tries - 1))
    sleep 0.2
  done
  fail "${names[$1]} did not show $4 within $2 s"
}
say() { # CONSOLE LINE
  tm send-keys -t "$session:${names[$1]}" -l ":$2"
  tm send-keys -t "$session:${names[$1]}" Enter
}
last=$((count - 1))

i=0
while [ "$i" -lt "$count" ]; do
  until_screen "$i" 30 "[^0-9]$((count - 1)) peers?" "all $((count - 1)) other peers"
  i=$((i + 1))
done
ok "$count consoles found each other"

say 0 'vote alice yes'
until_screen 0 60 'in block [0-9]+' 'the ballot in a block'
i=1
while [ "$i" -lt "$count" ]; do
  say "$i" tally
  until_screen "$i" 20 'yes +1' "alice's ballot in its tally"
  tm send-keys -t "$session:${names[$i]}" Escape
  i=$((i + 1))
done
ok 'a vote in one is counted in all'

say "$last" 'vote alice no'
until_screen "$last" 20 'Invalid/duplicate Vote!' 'the refusal of a second vote'
ok 'a second vote by the same voter is refused'

node -e 'process.stdout.write(require("crypto").randomBytes(3000000).toString("hex"))' >"$work/${names[1]}/music.txt"
say 1 'store music.txt'
until_screen 1 60 'stored music.txt' 'the file as stored'
say "$last" 'request music.txt -o song.txt'
until_screen "$last" 60 'music.txt: .* from ([0-9]+ peer|the copy here)' 'the finished download'
cmp "$work/${names[1]}/music.txt" "$work/${names[$last]}/song.txt" || fail 'the downloaded file differs'
ok 'a file stored at one came whole to another'

# the folder of each console, by the names that they were given
folder() { echo "$work/${names[$1]}/folder"; }
# every_folder SECONDS CONSOLE: all folders have blockchain.txt as that console's has it
every_folder() {
  tries=$(($1 * 20))
  for j in $(seq 0 "$last"); do
    until cmp -s "$(folder "$2")/blockchain.txt" "$(folder "$j")/blockchain.txt"; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || fail "${names[$j]} did not get the blockchain.txt of ${names[$2]} within $1 s"
      sleep 0.05
    done
  done
}
echo 'alice wrote this' >"$(folder 0)/blockchain.txt"
every_folder 5 0
echo 'and bob wrote that' >>"$(folder "$last")/blockchain.txt"
every_folder 5 "$last"
until_screen 0 10 'in sync, 1 file' 'the shared folder in sync'
until_screen 0 10 "(changed|added) .*blockchain.* ${names[$last]}" "who edited blockchain.txt"
for j in $(seq 0 "$last"); do
  [ "$(ls "$(folder "$j")")" = blockchain.txt ] || fail "${names[$j]} has more in its folder than blockchain.txt"
done
ok 'an edit of blockchain.txt in one folder is in all of them'

kill -9 "$(cat "$work/pid.1")"
left=$((count - 2))
for i in 0 "$last"; do
  until_screen "$i" 20 "[^0-9]$left peers?" "that one peer is gone ($left left)"
done
ok 'a killed peer is missed'

say 0 'request music.txt -o again.txt'
until_screen 0 60 'music.txt: .* from ([0-9]+ peer|the copy here)' 'the download after the kill'
cmp "$work/${names[$last]}/song.txt" "$work/${names[0]}/again.txt" || fail 'the file differs after the kill'
ok 'the file outlives its publisher'

i=0
while [ "$i" -lt "$count" ]; do
  [ "$i" = 1 ] || say "$i" quit
  i=$((i + 1))
done
tries=100
while [ "$tries" -gt 0 ] && tm has-session -t "$session" 2>/dev/null; do
  tries=$((tries - 1))
  sleep 0.2
done
[ "$tries" -gt 0 ] || fail 'not all consoles quit within 20 s'
ok 'all left politely'
