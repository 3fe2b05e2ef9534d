import Foundation
import Yams

/// Reads YAML into `SettingsNode`s: the one place that knows Yams.
struct SettingsDocument {
    /// No settings file is near this; what is above is a mistake (a video, a log).
    static let maximumBytes = 1 << 20
    /// Aliases can make a short file large; this bounds what it becomes.
    private static let maximumNodes = 100_000
    private static let maximumDuplicates = 100

    private let file: String
    private let log: DiagnosticLog
    private var nodes = 0
    /// Keys that were altered so that Yams reads on behind a duplicate: their place and what was written there.
    private var altered: [Altered] = []

    private struct Altered {
        var line: Int
        var column: Int
        var first: Unicode.Scalar
    }

    private init(file: String, log: DiagnosticLog) {
        self.file = file
        self.log = log
    }

    /// The text of a file; nil, with the reason logged, where it cannot be had.
    static func contents(of path: String, log: DiagnosticLog) -> String? {
        let place = Place(file: path)
        guard let handle = FileHandle(forReadingAtPath: path) else {
            log.error("cannot be opened; does it exist, and may this user read it?", at: place)
            return nil
        }
        defer { try? handle.close() }
        // At the end of a file, and so of an empty one, there is nothing, which is no failure.
        guard let data = try? handle.read(upToCount: maximumBytes + 1) ?? Data() else {
            log.error("cannot be read; is it a file?", at: place)
            return nil
        }
        guard data.count <= maximumBytes else {
            log.error("is larger than \(maximumBytes) bytes; that is no settings file", at: place)
            return nil
        }
        guard let text = String(data: data, encoding: .utf8) else {
            log.error("is not UTF-8 text; save it as UTF-8", at: place)
            return nil
        }
        return text
    }

    /// The root of the only document of the text; nil, with the reason logged, where it is no YAML. A text with
    /// nothing in it but comments has a root of nothing.
    static func root(of text: String, file: String, log: DiagnosticLog) -> SettingsNode? {
        var document = SettingsDocument(file: file, log: log)
        guard let root = document.compose(text) else { return nil }
        let node = document.convert(root)
        guard document.nodes <= maximumNodes else {
            log.error("the file has more than \(maximumNodes) values once its aliases are followed", at: node.place)
            return nil
        }
        return node
    }

    /// Yams stops at the first duplicate key. To find all problems of a file, the key is altered, without moving
    /// anything, and the text read again; `convert` then reports it where its twin is.
    private mutating func compose(_ original: String) -> Node? {
        var text = original
        while true {
            do {
                guard let node = try Yams.compose(yaml: text, .default, .default, .utf8) else { return Node("") }
                return node
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard altered.count < Self.maximumDuplicates,
                    let next = alter(text, line: context.mark.line, column: context.mark.column)
                else {
                    let key = keys.first ?? ""
                    log.error("the key '\(key)' stands twice in one mapping; keep one of them", at: place(context.mark))
                    return nil
                }
                text = next
            } catch let error as YamlError {
                report(error)
                return nil
            } catch {
                log.error("is not YAML", at: Place(file: file))
                return nil
            }
        }
    }

    /// The text with the first character of the key at a place replaced by one that no profile has.
    private mutating func alter(_ text: String, line: Int, column: Int) -> String? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0) }
        guard lines.indices.contains(line - 1) else { return nil }
        var index = column - 1
        if lines[line - 1].indices.contains(index), lines[line - 1][index] == "\"" || lines[line - 1][index] == "'" {
            index += 1
        }
        guard lines[line - 1].indices.contains(index),
            CharacterSet.alphanumerics.contains(lines[line - 1][index]),
            let mark = Unicode.Scalar(0xE000 + UInt32(altered.count))
        else { return nil }
        altered.append(Altered(line: line, column: column, first: lines[line - 1][index]))
        lines[line - 1][index] = mark
        return lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
    }

    private mutating func convert(_ node: Node) -> SettingsNode {
        nodes += 1
        let place = place(node.mark)
        guard nodes <= Self.maximumNodes else { return SettingsNode(value: .null, place: place) }
        switch node {
        case .scalar(let scalar):
            let isQuoted = ![.plain, .any].contains(scalar.style)
            if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
                return SettingsNode(value: .null, place: place)
            }
            return SettingsNode(value: .scalar(scalar.string, isQuoted: isQuoted), place: place)
        case .sequence(let sequence):
            var items: [SettingsNode] = []
            for item in sequence { items.append(convert(item)) }
            return SettingsNode(value: .sequence(items), place: place)
        case .mapping(let mapping):
            return SettingsNode(value: .mapping(convert(mapping)), place: place)
        case .alias:
            // Yams resolves aliases while it composes.
            return SettingsNode(value: .null, place: place)
        }
    }

    private mutating func convert(_ mapping: Node.Mapping) -> [SettingsNode.Entry] {
        var entries: [SettingsNode.Entry] = []
        var merged: [SettingsNode] = []
        for (keyNode, valueNode) in mapping {
            let keyPlace = place(keyNode.mark)
            guard case .scalar(let scalar) = keyNode else {
                log.error("a key must be a single word", at: keyPlace)
                continue
            }
            let key = written(scalar.string, at: keyPlace)
            if key == "<<" {
                merged.append(convert(valueNode))
                continue
            }
            let node = convert(valueNode)
            if let twin = entries.first(where: { $0.key == key }) {
                log.error(
                    "the key '\(key)' stands twice, first in line \(twin.keyPlace.line); keep one of them", at: keyPlace
                )
                continue
            }
            entries.append(SettingsNode.Entry(key: key, keyPlace: keyPlace, node: node))
        }
        for node in merged { merge(node, into: &entries) }
        return entries
    }

    /// `<<: *anchor` and `<<: [*a, *b]`: what is written in the mapping itself comes first.
    private func merge(_ node: SettingsNode, into entries: inout [SettingsNode.Entry]) {
        switch node.value {
        case .mapping(let others):
            for other in others where !entries.contains(where: { $0.key == other.key }) { entries.append(other) }
        case .sequence(let nodes):
            for node in nodes { merge(node, into: &entries) }
        case .null, .scalar:
            log.error("'<<' takes in a mapping or a list of mappings, not \(node.kind)", at: node.place)
        }
    }

    private func written(_ key: String, at place: Place) -> String {
        guard let change = altered.first(where: { $0.line == place.line && $0.column == place.column }) else {
            return key
        }
        return String(change.first) + String(String.UnicodeScalarView(key.unicodeScalars.dropFirst()))
    }

    private func place(_ mark: Mark?) -> Place {
        Place(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    private func report(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let hint = problem.contains("token") || problem.contains("indent") ? "; tabs do not indent in YAML" : ""
            log.error("is not YAML from here on: \(problem)\(hint)", at: place(mark))
        case .reader(let problem, _, _, _):
            log.error("is not YAML: \(problem)", at: Place(file: file))
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded, .duplicatedKeysInMapping:
            log.error("is not YAML", at: Place(file: file))
        }
    }
}
