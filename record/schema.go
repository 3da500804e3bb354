package record

// contentSchema is what the intake asks of the content of one layout's entries. Fields
// that it does not name are allowed.
//
// Source: records contract, section 10.2.
type contentSchema struct {
	name     string
	required []string
	fields   []contentField // in the order in which they are checked
}

type contentField struct {
	name      string
	kind      string // "string", "array", "object", "integer", or a named type
	format    string // of a string
	items     string // of an array
	minItems  int
	maxLength int  // of a string, in UTF-16 units; 0 is no limit
	reserved  bool // written by PacSpace only
}

// The kinds, formats and item types of fields.
const (
	kindString     = "string"
	kindInteger    = "integer"
	kindObject     = "object"
	kindArray      = "array"
	kindBytes32    = "bytes32-hex"
	kindPayloadRef = "payload-ref/v1"
	kindRecordRef  = "record-ref/v1"
	kindAdjustsRef = "adjusts-ref/v1"

	formatTime          = "rfc3339-utc"
	formatSignedDecimal = "signed-decimal"
	formatCurrency      = "iso-4217"
	formatHyphen        = "lowercase-hyphen"
)

func textFields(names ...string) []contentField {
	fields := make([]contentField, len(names))
	for i, name := range names {
		fields[i] = contentField{name: name, kind: kindString}
	}
	return fields
}

func formattedField(name, format string) contentField {
	return contentField{name: name, kind: kindString, format: format}
}

func typedField(name, kind string) contentField { return contentField{name: name, kind: kind} }

func listField(name, items string, minItems int) contentField {
	return contentField{name: name, kind: kindArray, items: items, minItems: minItems}
}

// schemaOf joins fields and groups of fields, and adds the three that only PacSpace writes.
func schemaOf(name string, required []string, groups ...[]contentField) contentSchema {
	schema := contentSchema{name: "record-content/" + name, required: required}
	for _, group := range groups {
		schema.fields = append(schema.fields, group...)
	}
	for _, name := range []string{"attemptedTarget", "ruleId", "failureClass"} {
		schema.fields = append(schema.fields, contentField{name: name, kind: kindString, reserved: true})
	}
	return schema
}

func fieldGroup(list ...contentField) []contentField { return list }

func balanceContent(version string) contentSchema {
	required := wordList("customerId", "amount", "currency", "reason", "referenceId", "occurredAt")
	var adjusts []contentField
	if version == "v2" {
		adjusts = fieldGroup(typedField("adjusts", kindAdjustsRef))
	}
	return schemaOf("balance-account/"+version, required,
		textFields("customerId"), fieldGroup(formattedField("amount", formatSignedDecimal), formattedField("currency", formatCurrency)), textFields("reason", "referenceId"),
		fieldGroup(typedField("metadataDigest", kindBytes32), formattedField("occurredAt", formatTime)), textFields("checkpointRef"), adjusts)
}

func usageMeterContent() contentSchema {
	return schemaOf("usage-meter/v1", wordList("customerId", "meterId", "referenceId", "occurredAt"),
		textFields("customerId", "meterId", "unitPriceRef", "referenceId"), fieldGroup(formattedField("occurredAt", formatTime)))
}

func machineActionContent() contentSchema {
	title := contentField{name: "title", kind: kindString, maxLength: 120}
	return schemaOf("machine-action-record/v1", wordList("title", "occurredAt", "actorId", "payloads"),
		fieldGroup(title, formattedField("occurredAt", formatTime)), textFields("actorId", "instructedBy"), fieldGroup(formattedField("kind", formatHyphen)), textFields("description"),
		fieldGroup(listField("payloads", kindPayloadRef, 1), listField("references", kindRecordRef, 0), typedField("amends", kindRecordRef)), textFields("note"))
}

func modelVersionContent() contentSchema {
	return schemaOf("model-version-record/v1", wordList("modelId", "versionLabel", "buildDigest", "recordedAt", "actorId"),
		textFields("modelId", "versionLabel"), fieldGroup(typedField("buildDigest", kindPayloadRef)), textFields("testSuiteRef"), fieldGroup(typedField("testResultDigest", kindPayloadRef)),
		textFields("approvingAuthorityRef"), fieldGroup(formattedField("recordedAt", formatTime)), textFields("actorId"))
}

func areaCellContent() contentSchema {
	return schemaOf("geoint-aoi-cell/v1", wordList("cellRef", "windowStart", "windowEnd", "actorId"),
		textFields("cellRef"), fieldGroup(formattedField("windowStart", formatTime), formattedField("windowEnd", formatTime)), textFields("actorId", "inputsRef"),
		fieldGroup(typedField("modelRecordRef", kindObject), listField("payloads", kindPayloadRef, 0)))
}

func trackedEntityContent() contentSchema {
	return schemaOf("geoint-tracked-entity/v1", wordList("observedAt", "position", "sourceRef", "actorId", "modelRecordRef", "conclusion"),
		fieldGroup(formattedField("observedAt", formatTime), typedField("position", kindObject)), textFields("sourceRef", "actorId"), fieldGroup(typedField("modelRecordRef", kindObject)),
		textFields("conclusion", "inputsRef", "confidenceBand"), fieldGroup(typedField("sourceCount", kindInteger)), textFields("classification"),
		fieldGroup(listField("payloads", kindPayloadRef, 0)))
}
