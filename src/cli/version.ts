/** The version of the program: told by --version and in every hello. A test keeps it equal to package.json. */
export const VERSION = '0.1.0'
export const SOFTWARE = `p2p-tui ${VERSION}`
