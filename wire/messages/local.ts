/** Numbers 100-109: the user's own control socket, between a command and the running peer. */
import { bytes, list, oneOf, text, u8, u16, u32, u53 } from '../field.js'
import { declare } from '../message.js'

const WORD_BYTES = 65_536
const OUTPUT_BYTES = 65_536

export const localMessages = {
  command: declare(
    100,
    'local',
    'run this command; words are UTF-8 as typed (paths need not be NFC)',
    { request: u32, words: list(bytes(0, WORD_BYTES), 64), cwd: bytes(1, 4096), columns: u16 },
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
    'a part of the result; parts of one kind are concatenated',
    { request: u32, kind: oneOf(['json', 'text', 'error']), bytes: bytes(0, OUTPUT_BYTES) },
    { sender: 'listener', limit: OUTPUT_BYTES + 64 },
  ),
  result: declare(
    104,
    'local',
    'the command ended with this exit code',
    { request: u32, exit: u8 },
    { sender: 'listener' },
  ),
} as const
