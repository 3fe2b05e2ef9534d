/// How far the newest segment of an endpoint is from its own key.
package enum KeyStep: String, Sendable, Hashable {
    /// It has its own key, or needs none.
    case own
    /// An earlier key goes on for the grace.
    case grace
    /// It has no key: it waits.
    case waiting
    /// A slate stands for it, under the reserve key.
    case slate
}
