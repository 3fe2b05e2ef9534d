import Files
import Media
import OpenSSLCrypto
import Sealing
import Slate
import Synchronization
import Timeline

/// What a slate stands for.
package enum SlatePurpose: Sendable {
    /// Segments without a key.
    case missingKey
    /// An input that is lost: what is made of it are segments of the window, which need no slate afterwards.
    case lostInput
}

/// The slates of a channel: those that new segments may be made of, and those that segments of the window were.
///
/// Each lies in the channel's directory in a file of its own, sealed as media is: the same bytes behind the same URLs
/// after a restart. Bounds: a slate has at most `WorkerLimits.slateBytes`; there is one for each purpose, and one more for
/// each that the window still shows after the profile changed.
final class SlateShelf: Sendable {
    /// Of a segment whose slate is not known any more: no slate has this id.
    static let lost = "lost"

    private struct State {
        var slates: [String: Slate] = [:]
        var current: [SlatePurpose: Slate] = [:]
    }

    private let directory: String?
    private let seal: WindowSeal?
    private let state: Mutex<State>
    /// What could not be read at the start.
    let damaged: [StorageError]

    /// Reads what earlier runs left.
    init(directory: String?, seal: WindowSeal?) {
        self.directory = directory
        self.seal = seal
        var state = State()
        var damaged: [StorageError] = []
        for id in Self.ids(in: directory, seal) {
            do throws(StorageError) {
                if let slate = try Self.read(id, directory, seal) { state.slates[id] = slate }
            } catch { damaged.append(error) }
        }
        self.state = Mutex(state)
        self.damaged = damaged
    }

    /// For segments without a key.
    var current: Slate? { current(for: .missingKey) }

    func current(for purpose: SlatePurpose) -> Slate? { state.withLock { $0.current[purpose] } }

    func slate(_ id: String) -> Slate? { state.withLock { $0.slates[id] } }

    /// Takes one made of `recipe` for new segments; false where there is none.
    func takeCurrent(recipe: String, for purpose: SlatePurpose = .missingKey) -> Bool {
        state.withLock { state in
            state.current[purpose] = state.slates.values.filter { $0.recipe == recipe }.min { $0.id < $1.id }
            return state.current[purpose] != nil
        }
    }

    /// Takes it for new segments.
    /// - Throws: where it cannot be written: then it is in memory, and what is made of it lost with the process.
    func put(_ slate: Slate, for purpose: SlatePurpose = .missingKey) throws(StorageError) {
        state.withLock { state in
            state.slates[slate.id] = slate
            state.current[purpose] = slate
        }
        guard let path = Self.path(slate.id, directory, seal) else { return }
        var content = slate.record
        if let seal, seal.isWriting {
            do throws(OpenSSLError) {
                content = try seal.key.seal(content.span, context: Self.context(slate.id, seal))
            } catch { throw .sealing(path: path, error) }
        }
        do throws(FileError) { try PlainFile.replace(content, at: path) } catch { throw .file(error) }
    }

    /// Drops what is neither in use nor named.
    func keep(_ ids: Set<String>) {
        let dropped = state.withLock { state in
            let used = ids.union(state.current.values.map(\.id))
            let dropped = state.slates.keys.filter { !used.contains($0) }
            for id in dropped { state.slates[id] = nil }
            return dropped
        }
        for id in dropped {
            if let path = Self.path(id, directory, seal) { PlainFile.remove(path) }
        }
    }

    private static func read(
        _ id: String, _ directory: String?, _ seal: WindowSeal?
    ) throws(StorageError) -> Slate? {
        guard let path = path(id, directory, seal) else { return nil }
        var content: [UInt8]?
        do throws(FileError) { content = try PlainFile.readIfThere(path, atMost: 64 << 20) } catch {
            throw .file(error)
        }
        if let sealed = content, let seal, seal.isWriting {
            content = seal.key.open(sealed.span, context: context(id, seal))
            guard content != nil else { throw .tampered(path: path) }
        }
        guard let content else { return nil }
        let slate: Slate
        do throws(ParseError) { slate = try Slate(record: content) } catch { throw .tampered(path: path) }
        guard slate.id == id else { throw .tampered(path: path) }
        return slate
    }

    private static func ids(in directory: String?, _ seal: WindowSeal?) -> [String] {
        guard let directory, let names = try? PlainFile.names(in: directory) else { return [] }
        let ending = ending(seal)
        return names.compactMap { name in
            guard name.hasPrefix(beginning), name.hasSuffix(ending) else { return nil }
            return String(name.dropFirst(beginning.count).dropLast(ending.count))
        }
    }

    private static let beginning = "slate-"

    private static func ending(_ seal: WindowSeal?) -> String { seal?.isWriting ?? false ? ".sealed" : ".clear" }

    private static func path(_ id: String, _ directory: String?, _ seal: WindowSeal?) -> String? {
        directory.map { "\($0)/\(beginning)\(id)\(ending(seal))" }
    }

    private static func context(_ id: String, _ seal: WindowSeal) -> [String] { ["slate", seal.channel, id] }
}
