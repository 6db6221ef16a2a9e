import QtQuick 2.12
import QtQuick.Controls 2.12
import QtQuick.Layouts 1.12
import Shotcut.Controls 1.0

KeyframableFilter {
    id: root
    property var dialog: null

    keyframableParameters: ['strength']
    startValues: [0]
    middleValues: [1]
    endValues: [0]
    width: 400
    height: 250

    Component.onCompleted: {
        if (filter.isNew) {
            filter.set('style', 'waves')
            filter.set('filename', '')
            filter.set('strength', 1)
            filter.set('temporal', 'fast')
            filter.set('keep-color', 0)
            filter.set('start', 0)
            filter.savePreset(preset.parameters)
        }
        setControls()
    }

    function setControls() {
        blockUpdate = true
        style.currentIndex = style.find(filter.get('style'))
        if (!picture.activeFocus) // nobody types while the clip plays
            picture.text = filter.get('filename')
        strength.value = filter.getDouble('strength', getPosition()) * 100
        steady.checked = filter.get('temporal') !== 'off'
        colors.checked = filter.get('keep-color') === '1'
        engine.checked = filter.get('start') === '1'
        blockUpdate = false
        strength.enabled = isSimpleKeyframesActive()
    }

    function updateSimpleKeyframes() {
        updateFilter('strength', strength.value / 100, strengthKeyframes)
    }

    // Qt 5 and Qt 6 call the same dialog's result otherwise.
    function choosePicture() {
        if (!dialog) {
            try {
                dialog = Qt.createQmlObject('import QtQuick.Dialogs 1.2; FileDialog { property url file: fileUrl }', root)
            } catch (error) {
                dialog = Qt.createQmlObject('import QtQuick.Dialogs; FileDialog { property url file: selectedFile }', root)
            }
            dialog.nameFilters = [qsTr('Pictures') + ' (*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff)']
            dialog.accepted.connect(function () {
                picture.text = decodeURIComponent(String(dialog.file).replace('file://', ''))
                filter.set('filename', picture.text)
            })
        }
        dialog.open()
    }

    GridLayout {
        anchors.fill: parent
        anchors.margins: 8
        columns: 4

        Label {
            text: qsTr('Preset')
            Layout.alignment: Qt.AlignRight
        }
        Preset {
            id: preset
            parameters: ['style', 'filename', 'strength', 'temporal', 'keep-color', 'start']
            Layout.columnSpan: 3
            onBeforePresetLoaded: resetSimpleKeyframes()
            onPresetSelected: {
                setControls()
                initializeSimpleKeyframes()
            }
        }

        Label {
            text: qsTr('Style')
            Layout.alignment: Qt.AlignRight
        }
        ComboBox {
            id: style
            model: ['brushwork', 'dots', 'glass', 'ink', 'linocut', 'mosaic', 'neon', 'pastel', 'waves']
            Layout.fillWidth: true
            Layout.columnSpan: 3
            onActivated: filter.set('style', textAt(index))
        }

        Label {
            text: qsTr('Picture')
            Layout.alignment: Qt.AlignRight
        }
        TextField {
            id: picture
            placeholderText: qsTr('A file of your own, in the place of the style')
            Layout.fillWidth: true
            onEditingFinished: filter.set('filename', text)
        }
        Button {
            text: qsTr('Open...')
            Layout.columnSpan: 2
            onClicked: choosePicture()
        }

        Label {
            text: qsTr('Strength')
            Layout.alignment: Qt.AlignRight
        }
        SliderSpinner {
            id: strength
            minimumValue: 0
            maximumValue: 100
            suffix: ' %'
            onValueChanged: updateFilter('strength', value / 100, strengthKeyframes, getPosition())
        }
        UndoButton {
            onClicked: strength.value = 100
        }
        KeyframesButton {
            id: strengthKeyframes
            checked: filter.animateIn <= 0 && filter.animateOut <= 0 && filter.keyframeCount('strength') > 0
            onToggled: {
                strength.enabled = true
                toggleKeyframes(checked, 'strength', strength.value / 100)
            }
        }

        Item {
            width: 1
        }
        ColumnLayout {
            Layout.columnSpan: 3
            CheckBox {
                id: steady
                text: qsTr('Steady in time')
                onClicked: filter.set('temporal', checked ? 'fast' : 'off')
            }
            CheckBox {
                id: colors
                text: qsTr("Keep the clip's colors")
                onClicked: filter.set('keep-color', checked ? 1 : 0)
            }
            CheckBox {
                id: engine
                text: qsTr('Start the engine')
                onClicked: filter.set('start', checked ? 1 : 0)
            }
        }

        Item {
            Layout.fillHeight: true
        }
    }

    Connections {
        target: filter
        function onInChanged() { updateSimpleKeyframes() }
        function onOutChanged() { updateSimpleKeyframes() }
        function onAnimateInChanged() { updateSimpleKeyframes() }
        function onAnimateOutChanged() { updateSimpleKeyframes() }
    }

    Connections {
        target: producer
        function onPositionChanged() { setControls() }
    }
}
