/// What a channel plays in place of an encoder, or beside one.
package struct FileInputProfile: Sendable, Hashable {
    /// A media file, or a folder that such come into.
    package var source: ProfileFile
    package var isFolder: Bool
    /// Over and over; else each file once.
    package var loop: Bool
    /// A file that was not renamed into its folder is whole when it has not changed for so long.
    package var settledSeconds: UInt32

    package init(source: ProfileFile, isFolder: Bool, loop: Bool = false, settledSeconds: UInt32 = 3) {
        self.source = source
        self.isFolder = isFolder
        self.loop = loop
        self.settledSeconds = settledSeconds
    }

    /// Whether the same is played, wherever the profile says it.
    package func plays(as other: FileInputProfile) -> Bool {
        source.path == other.source.path && isFolder == other.isFolder && loop == other.loop
            && settledSeconds == other.settledSeconds
    }

    /// What only who opens a file finds, where the profile names it, or its folder.
    package func diagnostic(_ severity: Diagnostic.Severity, _ path: String, _ text: String) -> Diagnostic {
        let name = isFolder ? path.split(separator: "/").last.map { "\($0): " } ?? "" : ""
        return source.diagnostic(severity, "\(name)\(text)")
    }
}
