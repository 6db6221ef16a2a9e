import QtQuick 2.0
import org.shotcut.qml 1.0

// Shotcut's entry for frei0r.vidstyle; goes beside Shotcut's own filters, into qml/filters/vidstyle.
Metadata {
    type: Metadata.Filter
    name: qsTr('Style Transfer (vidstyle)')
    mlt_service: 'frei0r.vidstyle'
    qml: 'ui.qml'
    keyframes {
        allowAnimateIn: true
        allowAnimateOut: true
        simpleProperties: ['strength']
        parameters: [
            Parameter {
                name: qsTr('Strength')
                property: 'strength'
                isCurve: true
                minimum: 0
                maximum: 1
            }
        ]
    }
}
