package desktop

func (w *window) showLabelSets() {}
