package import Media

/// What makes one revision of an MPD of another. ISO/IEC 23009-1:2022, clause 5.15.3; RFC 5261.
///
/// Selectors are the plain ones that players know: an element by its id, or by its place among those of its name.
package struct MPDPatch: Sendable, Hashable {
    enum Operation: Sendable, Hashable {
        case add(selector: String, position: String?, xml: String)
        case addAttribute(selector: String, name: String, value: String)
        case replace(selector: String, xml: String)
        case replaceAttribute(selector: String, value: String)
        case remove(selector: String)
    }

    package let mpdID: String
    package let originalPublishTime: Ticks
    package let publishTime: Ticks
    let operations: [Operation]

    /// Nil where one is not a revision of the other that elements and attributes of it can tell.
    package init?(from old: MPD, to new: MPD) {
        guard let id = new.id, old.id == id, let original = old.publishTime, let published = new.publishTime,
            let operations = MPDDifference.operations(from: old, to: new)
        else { return nil }
        mpdID = id
        originalPublishTime = original
        publishTime = published
        self.operations = operations
    }

    /// Of a revision onto itself: who has another one may not apply it, and gets the MPD instead.
    package init?(none mpd: MPD) {
        guard let id = mpd.id, let published = mpd.publishTime else { return nil }
        (mpdID, originalPublishTime, publishTime) = (id, published, published)
        operations = [.replaceAttribute(selector: "/MPD/@publishTime", value: XMLTime.dateTime(published))]
    }

    /// The document as UTF-8 text.
    package func serialize() -> String {
        var writer = XMLWriter(capacity: 4096)
        let attributes: XMLWriter.Attributes = [
            "xmlns": "urn:mpeg:dash:schema:mpd-patch:2020", "xmlns:cenc": "urn:mpeg:cenc:2013",
            "xmlns:mspr": "urn:microsoft:playready", "xmlns:dashif": "https://dashif.org/CPS", "mpdId": mpdID,
            "originalPublishTime": XMLTime.dateTime(originalPublishTime),
            "publishTime": XMLTime.dateTime(publishTime),
        ]
        writer.element("Patch", attributes) { writer in
            for operation in operations { operation.write(to: &writer) }
        }
        return writer.text
    }
}

extension MPDPatch.Operation {
    fileprivate func write(to writer: inout XMLWriter) {
        switch self {
        case .add(let selector, let position, let xml):
            writer.element("add", ["sel": selector, "pos": position]) { $0.fragment(xml) }
        case .addAttribute(let selector, let name, let value):
            writer.element("add", ["sel": selector, "type": "@" + name], text: value)
        case .replace(let selector, let xml):
            writer.element("replace", ["sel": selector]) { $0.fragment(xml) }
        case .replaceAttribute(let selector, let value):
            writer.element("replace", ["sel": selector], text: value)
        case .remove(let selector): writer.element("remove", ["sel": selector])
        }
    }
}
