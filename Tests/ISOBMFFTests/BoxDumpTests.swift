import ISOBMFF
import Testing
