/** Numbers 100-109: the user's own control socket, between a command or an attached console and the running peer. */
import { bool, bytes, list, oneOf, text, u8, u16, u32, u53 } from '../field.js'
import { declare } from '../message.js'

const WORD_BYTES = 65_536
const OUTPUT_BYTES = 65_536
export const PICTURE_PART_BYTES = 65_536

export const localMessages = {
  command: declare(
    100,
    'local',
    'run this command; words are UTF-8 as typed (paths need not be NFC); `pictures`: the caller can show half blocks',
    { request: u32, words: list(bytes(0, WORD_BYTES), 64), cwd: bytes(1, 4096), columns: u16, pictures: bool },
    { sender: 'dialer', limit: 1 << 20 },
  ),
  abort: declare(101, 'local', 'the user gave up on a running command', { request: u32 }, { sender: 'dialer' }),
  progress: declare(
    102,
    'local',
    'how far a running command is',
    { request: u32, text: text(512), done: u53, total: u53, unit: oneOf(['', 'bytes', 'chunks', 'headers', 'hashes']) },
    { sender: 'listener' },
  ),
  output: declare(
    103,
    'local',
    'a part of the result; parts of one kind are concatenated; `message` is only for consoles, `more` only for shells',
    { request: u32, kind: oneOf(['json', 'text', 'error', 'message', 'more']), bytes: bytes(0, OUTPUT_BYTES) },
    { sender: 'listener', limit: OUTPUT_BYTES + 64 },
  ),
  result: declare(
    104,
    'local',
    'the command ended with this exit code',
    { request: u32, exit: u8 },
    { sender: 'listener' },
  ),
  attach: declare(
    105,
    'local',
    'a console of this version wants to show the peer; the first picture follows',
    { version: text(64) },
    { sender: 'dialer' },
  ),
  picture: declare(
    106,
    'local',
    'a part of a JSON document: the sections of the snapshot that changed, and new log lines; `last` ends the document',
    { bytes: bytes(1, PICTURE_PART_BYTES), last: bool },
    { sender: 'listener', limit: PICTURE_PART_BYTES + 64 },
  ),
  look: declare(
    107,
    'local',
    'the last picture is shown: another one may come once something changed, and none before',
    {},
    { sender: 'dialer' },
  ),
  detached: declare(108, 'local', 'no picture comes any more, and why', { reason: text(4000) }, { sender: 'listener' }),
  leave: declare(
    109,
    'local',
    'the caller goes without an answer; the command goes on',
    { request: u32 },
    { sender: 'dialer' },
  ),
} as const
