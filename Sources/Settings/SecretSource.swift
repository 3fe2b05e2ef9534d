/// Where a secret of a profile comes from: `VALUE`, `{ env: NAME }` or `{ file: PATH }`.
package enum SecretSource: Sendable, Hashable {
    case literal(Secret)
    case environment(String)
    /// As written; relative to the folder of the file that names it.
    case file(String)
}
