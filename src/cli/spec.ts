/**
 * The one command table: argv, the console's prompt, its keys, help and completion all read it. Light on purpose:
 * a shell command loads this and the control socket, neither the console nor the database.
 */
import { LOG_LEVELS } from '../env.js'
import { FOLDER_MODES } from '../folder-views.js'

export interface ArgumentSpec {
  readonly name: string
  readonly required: boolean
  /** 'path' is resolved against the caller's directory; 'rest' takes all remaining words. */
  readonly kind: 'text' | 'path' | 'number' | 'rest' | 'secret'
  readonly choices?: readonly string[]
}

export interface OptionSpec {
  readonly flags: string
  readonly summary: string
  readonly kind: 'flag' | 'text' | 'path' | 'number'
}

export interface CommandSpec {
  readonly name: string
  readonly summary: string
  readonly args: readonly ArgumentSpec[]
  readonly options: readonly OptionSpec[]
  /** What may be said with it, and what that does, where the arguments alone do not tell. */
  readonly forms?: readonly (readonly [words: string, does: string])[]
  /** Of the program's options those that matter here; its help names them. */
  readonly takes?: readonly string[]
  /** Of no use inside a console. */
  readonly shellOnly?: boolean
  /** The console key that opens this command. */
  readonly key?: string
  readonly example: string
}

const text = (name: string, required = true): ArgumentSpec => ({ name, required, kind: 'text' })
const path = (name: string): ArgumentSpec => ({ name, required: true, kind: 'path' })
const POLL: OptionSpec = { flags: '--poll <name>', summary: 'which poll', kind: 'text' }
const AS: OptionSpec = { flags: '--as <name>', summary: 'name in the network, else the file name', kind: 'text' }
const FORCE: OptionSpec = {
  flags: '--force',
  summary: 'take the name although another peer published it',
  kind: 'flag',
}

const SPREAD: OptionSpec = {
  flags: '--spread',
  summary: 'each chunk at owners of its own: no peer has to keep the whole file',
  kind: 'flag',
}

export const FOLDER_ACTIONS = ['pause', 'resume', 'conflicts', 'restore', 'problems'] as const
export const KEEP_CHOICES = ['this', 'that', 'both'] as const

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'status',
    summary: 'who I am, how many peers, chain height, running transfers',
    args: [],
    options: [],
    example: 'status --json',
  },
  { name: 'peers', summary: 'the peers of this network', args: [], options: [], key: '1', example: 'peers' },
  {
    name: 'join',
    summary: 'link to a peer by host:port or by ticket; - reads the ticket from standard input',
    args: [{ name: 'address', required: true, kind: 'secret' }],
    options: [],
    example: 'join 192.168.1.20:24012',
  },
  {
    name: 'leave',
    summary: 'close the link to a peer and do not dial it again',
    args: [text('peer')],
    options: [],
    example: 'leave otter-lime',
  },
  {
    name: 'invite',
    summary: 'a ticket that lets another machine or user in',
    args: [],
    options: [{ flags: '--lan', summary: "listen on this machine's own addresses first", kind: 'flag' }],
    example: 'invite --lan',
  },
  {
    name: 'vote',
    summary: 'cast a ballot; mined into the chain, once per voter and poll',
    args: [text('voter'), text('choice')],
    options: [POLL],
    key: 'v',
    example: 'vote alice yes',
  },
  {
    name: 'tally',
    summary: 'count the ballots of a poll',
    args: [text('poll', false)],
    options: [],
    key: 'd',
    example: 'tally',
  },
  {
    name: 'poll',
    summary: 'register a poll with fixed choices, list the polls, or show one',
    args: [
      { name: 'action', required: true, kind: 'text', choices: ['create', 'list', 'show'] },
      text('poll', false),
      { name: 'question', required: false, kind: 'rest' },
    ],
    options: [
      { flags: '--options <a,b,c>', summary: 'create: the choices, 2 to 16', kind: 'text' },
      {
        flags: '--closes <when>',
        summary: 'create: the end: 30m, 2h, 1d, 2030-12-31T18:00 or unix seconds; else never',
        kind: 'text',
      },
      {
        flags: '--roll <peers>',
        summary: 'create: whose ballots count, one each: names or ids, separated by commas; else any voter',
        kind: 'text',
      },
    ],
    example: "poll create lunch 'What shall we eat?' --options pizza,sushi --closes 2h",
  },
  {
    name: 'receipt',
    summary: 'proof that a ballot is in the chain',
    args: [text('ballot')],
    options: [],
    example: 'receipt 3f9a0c…',
  },
  {
    name: 'note',
    summary: 'put a line of text into the chain',
    args: [{ name: 'text', required: true, kind: 'rest' }],
    options: [],
    example: 'note lab 3 starts at ten',
  },
  {
    name: 'chain',
    summary: 'the newest blocks',
    args: [],
    options: [{ flags: '--last <n>', summary: 'how many blocks, newest first (10)', kind: 'number' }],
    key: '2',
    example: 'chain --last 3',
  },
  {
    name: 'mine',
    summary: 'what this peer mines: own records, always, or never',
    args: [{ name: 'mode', required: true, kind: 'text', choices: ['own', 'always', 'never'] }],
    options: [],
    example: 'mine never',
  },
  { name: 'ring', summary: 'neighbours and fingers on the ring', args: [], options: [], key: '3', example: 'ring' },
  {
    name: 'lookup',
    summary: 'which peer owns a name, and the path to it',
    args: [text('name')],
    options: [],
    example: 'lookup music.txt',
  },
  {
    name: 'store',
    summary: 'put a file into the network: its ring owner and replicas keep copies',
    args: [path('path')],
    options: [AS, FORCE, SPREAD],
    key: 's',
    example: 'store music.txt',
  },
  {
    name: 'share',
    summary: 'publish a file and serve it from here, without copies elsewhere',
    args: [path('path')],
    options: [AS, FORCE],
    example: 'share atlas.iso',
  },
  {
    name: 'request',
    summary: 'download a file from all its holders at once',
    args: [text('name')],
    options: [
      {
        flags: '-o, --output <path>',
        summary: "where to put it, else the caller's directory; - is standard output",
        kind: 'path',
      },
      { flags: '--force', summary: 'replace an existing file', kind: 'flag' },
    ],
    key: 'r',
    example: 'request music.txt -o /tmp/song.txt',
  },
  {
    name: 'remove',
    summary: 'withdraw a file that this peer published',
    args: [text('name')],
    options: [],
    example: 'remove music.txt',
  },
  {
    name: 'files',
    summary: 'the files of the network; holders of a spread file: of its rarest chunk',
    args: [text('pattern', false)],
    options: [],
    key: '4',
    example: "files '*.txt'",
  },
  {
    name: 'manifest',
    summary: 'chunks of a file and who holds them',
    args: [text('name')],
    options: [
      { flags: '--holders', summary: 'how many of its chunks each holder has, in place of the chunks', kind: 'flag' },
    ],
    example: 'manifest music.txt --json',
  },
  {
    name: 'transfers',
    summary: 'running transfers; pause, resume or cancel one by its number',
    args: [
      { name: 'action', required: false, kind: 'text', choices: ['pause', 'resume', 'cancel'] },
      { name: 'n', required: false, kind: 'number' },
    ],
    options: [],
    key: 'x',
    example: 'transfers cancel 2',
  },
  {
    name: 'folder',
    summary: 'the shared folder: how it stands; pause or resume it, settle conflicts, bring back what was replaced',
    args: [
      { name: 'action', required: false, kind: 'text', choices: FOLDER_ACTIONS },
      { name: 'what', required: false, kind: 'text' },
      { name: 'which', required: false, kind: 'text' },
      { name: 'choice', required: false, kind: 'text', choices: KEEP_CHOICES },
    ],
    forms: [
      ['folder', 'where it is and how it stands'],
      ['folder conflicts', 'what two changed at once, numbered'],
      ['folder conflicts show <n>', 'whose both are, what differs'],
      ['folder conflicts keep <n> this|that|both', 'settles it, for everybody'],
      ['folder restore', 'what others replaced or deleted'],
      ['folder restore <path|id>', 'brings it back, for everybody'],
      ['folder problems', 'what is not shared, and why'],
      ['folder pause', 'nothing more until folder resume'],
      ['folder resume [--delete|--restore]', 'goes on, or answers the question'],
    ],
    options: [
      { flags: '--delete', summary: 'resume: delete for everybody what was deleted here', kind: 'flag' },
      { flags: '--restore', summary: 'resume: bring back here what was deleted here', kind: 'flag' },
    ],
    example: 'folder conflicts keep 1 that',
  },
  {
    name: 'attach',
    summary: 'the console of a running peer; leaving it (q, Ctrl-C) does not stop the peer, p2p-tui quit does',
    args: [],
    options: [],
    shellOnly: true,
    example: 'attach -n otter-lime',
  },
  {
    name: 'anchor',
    summary: 'run a dedicated anchor: no console, not in the ring, mines nothing; status: how its processes are',
    takes: [
      '--join',
      '--listen',
      '--lan',
      '--name',
      '--data',
      '--network',
      '--replicas',
      '--quota',
      '--ping-interval',
      '--json',
    ],
    args: [{ name: 'action', required: false, kind: 'text', choices: ['status'] }],
    options: [],
    shellOnly: true,
    example: 'anchor --lan --quota 50G',
  },
  {
    name: 'log',
    summary: 'what happened so far; with a level, only that and worse',
    args: [{ name: 'least', required: false, kind: 'text', choices: LOG_LEVELS }],
    options: [
      { flags: '--level <level>', summary: LOG_LEVELS.join(', '), kind: 'text' },
      { flags: '--last <n>', summary: 'how many lines, the newest', kind: 'number' },
    ],
    example: 'log --level warn --last 20',
  },
  {
    name: 'quit',
    summary: 'hand over and leave; --abrupt vanishes as if killed',
    args: [],
    options: [{ flags: '--abrupt', summary: 'no goodbye', kind: 'flag' }],
    key: 'q',
    example: 'quit',
  },
]

/** Options that stand before or after any command. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '-j, --join <where>', summary: 'host:port, ticket, or - to read a ticket (repeatable)', kind: 'text' },
  { flags: '-l, --listen <host:port>', summary: 'listen there too (repeatable)', kind: 'text' },
  { flags: '--lan', summary: "listen on this machine's addresses; find others there", kind: 'flag' },
  { flags: '-n, --name <name>', summary: 'name of this peer; for commands, which peer to talk to', kind: 'text' },
  { flags: '-d, --data <dir>', summary: 'state directory; for commands, which peer to talk to', kind: 'path' },
  { flags: '--network <name>', summary: 'keep several networks apart (home)', kind: 'text' },
  {
    flags: '--folder <path>',
    summary: 'share this directory, or this one file (folder, in the state directory)',
    kind: 'path',
  },
  { flags: '--no-folder', summary: 'share no folder', kind: 'flag' },
  { flags: '--folder-mode <mode>', summary: `${FOLDER_MODES.join(', ')}: which way changes go (both)`, kind: 'text' },
  { flags: '--replicas <k>', summary: 'copies of a stored file (4)', kind: 'number' },
  {
    flags: '--quota <size>',
    summary: 'room for copies of stored files: 500M, 10G (a tenth of the free disk, at most 10G)',
    kind: 'text',
  },
  { flags: '--mine <mode>', summary: 'own, always or never', kind: 'text' },
  { flags: '--ping-interval <ms>', summary: 'how often links are checked (500)', kind: 'number' },
  { flags: '--no-udp', summary: 'watch neighbours over the links only, where UDP must not be used', kind: 'flag' },
  { flags: '--timeout <s>', summary: 'give up on a command after this long', kind: 'number' },
  { flags: '--headless', summary: 'no console: log lines on standard output', kind: 'flag' },
  { flags: '--plain', summary: 'lines instead of panes', kind: 'flag' },
  { flags: '--json', summary: 'one JSON document on standard output; headless: one event a line', kind: 'flag' },
]
