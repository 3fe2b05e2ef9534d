#ifndef SLUICE_CXML2_SHIM_H
#define SLUICE_CXML2_SHIM_H

// Debian's libxml2 would include ICU's headers here, which clash with those inside Foundation. Only the character
// encoding handlers, which Swift code has no use for, look different without them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/parser.h>
#include <libxml/tree.h>

// Enumerators of a C enum that is used as a set of bits: never from the network, no text on stderr, CDATA as text, and
// no conversion to another encoding, whose failures libxml2 would write to stderr all the same.
static const int sluice_xml_options =
    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;

#endif
