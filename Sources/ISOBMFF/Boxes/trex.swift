/// `trex`: defaults for samples whose fragments do not say. ISO/IEC 14496-12:2022, clause 8.8.3.
package struct TrackExtends: Sendable, Equatable {
    package var trackID: UInt32 = 1
    package var defaultSampleDescriptionIndex: UInt32 = 1
    package var defaultSampleDuration: UInt32 = 0
    package var defaultSampleSize: UInt32 = 0
    package var defaultSampleFlags: UInt32 = 0
    package init() {}
}
