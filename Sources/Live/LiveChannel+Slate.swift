import Keys
import Logging
import Media
import OpenSSLCrypto
import Settings
package import Slate
import Timeline

import class Foundation.JSONEncoder

/// What stands for the picture while keys are missing: made once for a channel, from outside.
extension LiveChannel {
    /// Whether the profile wants a slate at all.
    package var wantsSlate: Bool {
        profile.endpoints.contains { endpoint in
            endpoint.encryption.flatMap { profile.speke[$0.speke] }?.onKeyFailure.then == .slate
        }
    }

    /// What a slate of this channel is made of: another one gives other bytes.
    /// - Parameters:
    ///   - files: their bytes; empty: black.
    ///   - kind: what else decides what becomes of them; nothing for an image.
    package func slateRecipe(files: [UInt8], kind: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let ladder = (try? encoder.encode(profile.ladder)).map { [UInt8]($0) } ?? []
        return "1 " + Self.hash("\(sha256(ladder)) \(sha256(files))\(kind)")
    }

    /// Uses the slate that is there from before; false where it has to be made.
    package func hasSlate(recipe: String, for purpose: SlatePurpose) -> Bool {
        guard slates.takeCurrent(recipe: recipe, for: purpose) else { return false }
        keepSlates()
        if purpose == .lostInput { pictureIsReady() }
        return true
    }

    /// From now on it stands for what is missing.
    package func setSlate(_ slate: Slate, for purpose: SlatePurpose) {
        do throws(StorageError) { try slates.put(slate, for: purpose) } catch {
            logger.error(
                "the slate cannot be kept: segments made of it are lost at a restart", metadata: ["error": "\(error)"])
        }
        keepSlates()
        logger.info("a slate is ready", metadata: ["slate": "\(slate.id)", "bytes": "\(slate.byteCount)"])
        if purpose == .lostInput { pictureIsReady() }
    }

    /// Drops what is of no use any more, once it is known what is.
    private func keepSlates() {
        guard !wantsSlate || slates.current != nil, !wantsFill || slates.current(for: .lostInput) != nil else { return }
        slates.keep(slatesInUse)
    }

    private var slatesInUse: Set<String> { groups.values.reduce(into: []) { $0.formUnion($1.slates) } }

    /// One line for each step of an outage, by endpoints that share keys.
    func log(_ steps: [(from: KeyStep, to: KeyStep, segment: UInt64)], of group: KeyGroup) {
        for (previous, step, segment) in steps {
            let names = profile.endpoints.filter {
                self.group(of: $0) === group
            }.map(\.id).joined(separator: " ")
            let metadata: Logger.Metadata = ["endpoints": "\(names)", "segment": "\(segment)"]
            switch (previous, step) {
            case (_, .grace):
                logger.warning("the next key is late: the last one goes on for the grace", metadata: metadata)
            case (_, .slate):
                logger.error("no key past the grace: a slate is shown, under the reserve key", metadata: metadata)
            case (.slate, .own): logger.notice("keys are back: the slate is over", metadata: metadata)
            case (.grace, .own): logger.notice("the key came within the grace", metadata: metadata)
            // Manifests that wait are told of where they are shown.
            case (_, .waiting), (_, .own): break
            }
        }
    }
}
