internal import Media

extension MPD {
    /// Reads an MPD as a patch makes it. ISO/IEC 23009-1:2022, clause 5.15; RFC 5261, clause 4.
    ///
    /// - Parameters:
    ///   - bytes: the document that the player has, as `init(parsing:)` takes it.
    ///   - patch: the answer of its PatchLocation.
    /// - Throws: also where the patch is of another MPD, or selects what is not there.
    package init(parsing bytes: [UInt8], patchedBy patch: [UInt8]) throws(MPDError) {
        guard bytes.count <= Self.greatestSize, patch.count <= Self.greatestSize else {
            throw MPDError("documents of \(bytes.count) and \(patch.count) bytes")
        }
        var root = try XMLElement(parsing: bytes.span)
        let document = try XMLElement(parsing: patch.span)
        guard document.name == "Patch", document.namespace == "urn:mpeg:dash:schema:mpd-patch:2020" else {
            throw MPDError("the root element is no Patch")
        }
        guard let id = root.string("id"), document.string("mpdId") == id else {
            throw MPDError("the patch is one of \(document.string("mpdId") ?? "nothing")")
        }
        guard let time = try root.dateTime("publishTime"), try document.dateTime("originalPublishTime") == time else {
            throw MPDError("the patch is not one of this publishTime")
        }
        for operation in document.children { try root.apply(operation) }
        try self.init(root)
    }
}

extension XMLElement {
    /// One operation of a patch on the whole document.
    fileprivate mutating func apply(_ operation: XMLElement) throws(MPDError) {
        let selector = try PatchSelector(parsing: try operation.required("sel"))
        let path = try path(to: selector.steps)
        if let attribute = selector.attribute {
            let isThere = edit(path[...]) { $0.attributes[attribute] != nil }
            guard isThere, operation.name == "replace" || operation.name == "remove" else {
                throw MPDError("\(operation.name) of @\(attribute)")
            }
            edit(path[...]) { $0.attributes[attribute] = operation.name == "remove" ? nil : operation.text }
            return
        }
        switch (operation.name, operation.string("type"), operation.string("pos")) {
        case ("add", let type?, nil) where type.hasPrefix("@"):
            edit(path[...]) { $0.attributes[String(type.dropFirst())] = operation.text }
        case ("add", nil, nil): edit(path[...]) { $0.children += operation.children }
        case ("add", nil, "prepend"): edit(path[...]) { $0.children.insert(contentsOf: operation.children, at: 0) }
        case ("add", nil, "before"): try splice(path, 0, 0, operation.children)
        case ("add", nil, "after"): try splice(path, 1, 0, operation.children)
        case ("replace", nil, nil) where operation.children.count == 1: try splice(path, 0, 1, operation.children)
        case ("remove", nil, nil): try splice(path, 0, 1, [])
        default: throw MPDError("a patch that says \(operation.name) of an element")
        }
    }

    /// Puts elements where the selected one is: so many places after it, in place of so many.
    private mutating func splice(
        _ path: [Int], _ offset: Int, _ count: Int, _ elements: [XMLElement]
    ) throws(MPDError) {
        guard let place = path.last else { throw MPDError("a patch of the root element itself") }
        edit(path.dropLast()) { parent in
            parent.children.replaceSubrange(place + offset..<place + offset + count, with: elements)
        }
    }

    private mutating func edit<T>(_ path: ArraySlice<Int>, _ body: (inout XMLElement) -> T) -> T {
        guard let first = path.first else { return body(&self) }
        return children[first].edit(path.dropFirst(), body)
    }

    /// Places among the children from the root on. RFC 5261, clause 4.1: exactly one element is selected.
    private func path(to steps: [PatchSelector.Step]) throws(MPDError) -> [Int] {
        guard let root = steps.first, root.name == name, root.predicate == .none else {
            throw MPDError("a selector that does not begin with /\(name)")
        }
        var path: [Int] = []
        var element = self
        for step in steps.dropFirst() {
            let named = element.children.indices.filter { element.children[$0].name == step.name }
            let selected: [Int]
            switch step.predicate {
            case .none: selected = named
            case .place(let place): selected = place <= named.count ? [named[place - 1]] : []
            case .attribute(let name, let value):
                selected = named.filter { element.children[$0].string(name) == value }
            }
            guard selected.count == 1 else { throw MPDError("\(selected.count) elements are \(step.name.prefix(40))") }
            path.append(selected[0])
            element = element.children[selected[0]]
        }
        return path
    }
}

/// Where an operation applies: an absolute location path of plain steps, with or without an attribute at its end.
/// RFC 5261, clause 4.1.
struct PatchSelector {
    struct Step {
        var name: String
        var predicate: Predicate
    }

    enum Predicate: Equatable {
        case none
        /// Among those of its name, from 1 on.
        case place(Int)
        case attribute(String, String)
    }

    private(set) var steps: [Step] = []
    private(set) var attribute: String?

    init(parsing text: String) throws(MPDError) {
        var rest = text[...]
        while attribute == nil, !rest.isEmpty {
            guard rest.removeFirst() == "/" else { throw Self.error(text) }
            if rest.first == "@" {
                let name = rest.dropFirst()
                guard !name.isEmpty, !name.contains(where: { "/[]".contains($0) }) else { throw Self.error(text) }
                attribute = String(name)
                break
            }
            let name = rest.prefix { $0 != "/" && $0 != "[" }
            guard !name.isEmpty else { throw Self.error(text) }
            rest = rest[name.endIndex...]
            var predicate = Predicate.none
            if rest.first == "[" {
                guard let (found, after) = Self.predicate(rest.dropFirst()) else { throw Self.error(text) }
                (predicate, rest) = (found, after)
            }
            // Prefixes stand for the one namespace that MPDs are made of.
            steps.append(Step(name: String(name.split(separator: ":").last ?? name), predicate: predicate))
        }
        guard !steps.isEmpty else { throw Self.error(text) }
    }

    /// `3]` or `@id='x']`, and what comes after it.
    private static func predicate(_ text: Substring) -> (Predicate, Substring)? {
        guard text.first == "@" else {
            let digits = text.prefix { $0 != "]" }
            guard let place = Int(digits), place > 0, digits.endIndex < text.endIndex else { return nil }
            return (.place(place), text[digits.endIndex...].dropFirst())
        }
        let name = text.dropFirst().prefix { $0 != "=" }
        let value = text[name.endIndex...].dropFirst()
        guard let quote = value.first, quote == "'" || quote == "\"" else { return nil }
        let inner = value.dropFirst().prefix { $0 != quote }
        let after = text[inner.endIndex...].dropFirst()
        guard after.first == "]", !name.isEmpty else { return nil }
        return (.attribute(String(name), String(inner)), after.dropFirst())
    }

    private static func error(_ text: String) -> MPDError {
        MPDError("the selector \(text.prefix(80).debugDescription)")
    }
}
